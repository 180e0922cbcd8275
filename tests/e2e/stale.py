"""Which pages' forms change what exists, and which only add: each that is posted is one of these.

`tests/forms_read.py` says what the forms that change something were read from.
"""

from tests.forms_read import READ_FROM, REVISIONS

CHANGES = {*READ_FROM, *REVISIONS}

ADDS = {
    "make_demo": "makes a project",
    "site:accept": "adds an acceptance; a second finds nothing to accept",
    "site:add_example_file": "adds examples",
    "site:add_item": "adds an item",
    "site:add_rows": "adds items",
    "site:add_to_test_set": "adds items",
    "site:audit_metric": "draws an audit",
    "site:check_data": "adds a report",
    "site:copy_study": "makes a study",
    "site:decide": "adds a decision",
    "site:dispute_score": "adds a report of a score",
    "site:edit_test_set": "makes a working set",
    "site:endpoint": "writes nothing",
    "site:example_sources": "adds examples",
    "site:export_example_queue": "makes a file",
    "site:invite_people": "adds invitations",
    "site:members": "adds an invitation",
    "site:new_campaign": "makes a review",
    "site:new_comparison": "makes a study",
    "site:new_example_queue": "makes a queue",
    "site:new_experiment": "starts an experiment, of which a project has one",
    "site:new_monitor": "makes a monitor",
    "site:new_run": "makes a run",
    "site:new_version": "makes a version",
    "site:new_working_set": "makes a working set",
    "site:production_samples": "adds a sample",
    "site:production_served": "adds a statement; an earlier one holds until then",
    "site:prompts_beside": "adds a trial",
    "site:publish_example_queue": "adds a version",
    "site:saved_views": "adds a view of one's own",
    "site:score_audit": "adds a check; an answer has one",
    "site:send_message_again": "adds a message",
    "site:share_decision": "makes a link",
    "site:tokens": "makes a token",
    "site:upload_pairs": "makes two runs",
    "site:verify_decision": "writes nothing",
    "site:webhooks": "adds a webhook",
    "site:write_comment": "adds a comment",
}
"""By page, what is added: nobody's work goes."""

OWN = {
    "account_confirm_email": "one's own address",
    "accounts:login": "signs in",
    "accounts:logout": "signs out",
    "accounts:sign_out_elsewhere": "ends one's own other sessions",
    "mfa_login_webauthn": "signs in",
    "mfa_remove_webauthn": "one's own passkey",
    "openid_connect_login": "signs in",
    "reviews:adjudicate": "one's own turn, known by its nonce",
    "reviews:answer_example": "one's own turn, known by its token",
    "reviews:answer_invitation": "an invitation of one's own, answered once",
    "reviews:answer_membership": "an invitation of one's own, answered once",
    "reviews:guess": "one's own turn, known by its token",
    "reviews:judge": "one's own turn, known by its nonce",
    "reviews:skip": "one's own turn, known by its nonce",
    "reviews:skip_example": "one's own turn, known by its token",
    "reviews:undo": "one's own last answer",
    "reviews:undo_example": "one's own last answer",
    "site:cancel_job": "one's own job; after its end it does nothing",
    "site:discard_draft": "one's own draft",
    "site:remove_comment": "a comment never changes",
    "site:remove_view": "one's own view",
    "site:withdraw_decision_link": "a link never changes",
    "socialaccount_connections": "one's own accounts elsewhere",
}
"""By page, what nobody else can have changed."""
