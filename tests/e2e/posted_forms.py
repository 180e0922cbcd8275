"""Forms as the site's own pages have them, filled in, for whoever may send them or may not."""

from urllib.parse import urlencode

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import encode_multipart
from django.urls import reverse

from evalhub.features.score_audits.models import ScoreAudit
from evalhub.registry.models import Run, Study
from tests.features.study_builder.posting import form_of, new, three
from tests.site.test_campaign_pages import filled

BOUNDARY = "no-file-holds-this"
PAIRS = b'{"prompt": "Say it", "left": "one", "right": "two"}\n'
TRAINING = b'{"prompt": "Say it", "completion": "one"}\n'
PLAN, UPLOAD = "the page's own form, sent as a plan", "and with a file of pairs"
A_COMMENT = "a comment on the study's decision"
POLICY = "the study's own policy, with another level"
COMPARISON = "the page's own form, with three files"
ITEMS = "and with a file of items"
EXAMPLES = "a file of examples"
CHECK = "what the next score of an audit should be"
DATA = "and with a training file"
RUN = "and with a version and a test set that are there"
CHOICE, SKIP = "the reviewer's own form, with a choice", "and with a reason to skip it"


def a_form_of_each(client: Client, study: Study) -> dict[str, bytes]:
    """As the owner's pages have them, filled in."""
    plan = filled(client.get(reverse("site:new_campaign", query={"study": study.pk})))
    upload = filled(client.get(reverse("site:upload_pairs")), project="support-desk")
    upload |= {"name": "Tone", "file": SimpleUploadedFile("pairs.jsonl", PAIRS)}
    comparison = form_of(client.get(new())) | three() | {"project": "", "run": "1"}
    items = filled(client.get(reverse("site:new_working_set")), project="support-desk")
    items |= {"slug": "new-set", "file": SimpleUploadedFile("items.csv", b"id,input\nq,Why?\n")}
    data = filled(client.get(reverse("site:check_data")), project="support-desk")
    data |= {"file": SimpleUploadedFile("train.jsonl", TRAINING)}
    stopped = Run.objects.get(version__model__slug="stopped")
    run = {"version": stopped.version_id, "items": stopped.test_set_version_id}
    run = filled(client.get(reverse("site:new_run"))) | run | {"start": "1"}
    policy = filled(client.get(reverse("site:study_policy", args=[study.pk])))
    return {
        A_COMMENT: f"decision={study.decisions.latest('pk').pk}&text=Why%3F".encode(),
        POLICY: urlencode(policy | {"alpha": "0.01", "change": "1"}, doseq=True).encode(),
        RUN: urlencode(run).encode(),
        CHECK: urlencode({"output": ScoreAudit.objects.get().drawn[1], "said": "1"}).encode(),
        COMPARISON: encode_multipart(BOUNDARY, comparison),
        PLAN: urlencode(plan | {"open": "1"}, doseq=True).encode(),
        UPLOAD: encode_multipart(BOUNDARY, upload),
        DATA: encode_multipart(BOUNDARY, data),
        ITEMS: encode_multipart(BOUNDARY, items),
        EXAMPLES: encode_multipart(
            BOUNDARY, {"file": SimpleUploadedFile("more.csv", b"input,proposal\nWhy?,So.\n")}
        ),
    }


def forms_of_a_turn(nonce: str) -> dict[str, bytes]:
    """What only the reviewer's page carries, in anybody's hands."""
    said = {CHOICE: {"choice": "left"}, SKIP: {"reason": "I can't read it"}}
    return {name: urlencode(each | {"nonce": nonce}).encode() for name, each in said.items()}
