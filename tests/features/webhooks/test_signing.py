"""Messages are signed as Standard Webhooks 1.0 says."""

import pytest

from evalhub.features.webhooks.signing import secret_of, signatures


def test_the_published_vector() -> None:
    """Of the standard's own reference libraries."""
    signed = signatures(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body='{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_changed_there_are_two_signatures() -> None:
    old, new = secret_of("key", "old"), secret_of("key", "new")
    signed = signatures([new, old], message_id="msg_1", timestamp=1, body="{}")
    alone = [signatures([each], message_id="msg_1", timestamp=1, body="{}") for each in (new, old)]
    assert signed.split(" ") == alone
    assert len(set(alone)) == 2


def test_a_secret_is_of_the_site_s_key_and_its_own_salt() -> None:
    made = {secret_of(key, salt) for key in ("a", "b") for salt in ("1", "2")}
    assert len(made) == 4
    assert all(each.startswith("whsec_") and len(each) == 50 for each in made)


def test_what_is_no_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="a secret starts with whsec_"):
        signatures(["MfKQ9r8G"], message_id="m", timestamp=1, body="")
