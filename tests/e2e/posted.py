"""What is posted to each address that writes, for the table of who may do what."""

from tests.e2e.posted_forms import (
    A_COMMENT,
    CHECK,
    CHOICE,
    COMPARISON,
    DATA,
    EXAMPLES,
    ITEMS,
    PLAN,
    POLICY,
    RUN,
    SKIP,
    UPLOAD,
)

GUESS, ADJUDICATION = "a guess at one of the reviewer's turns", "a choice in a disagreement"
SAMPLE = (
    "n=2&since=2020-01-01T00:00&allocation=proportional&test_set=traffic&planned_gain=0.05&seed=1"
)
DRAW = "n=2&since=2020-01-01T00:00&seed=1"
PREVIEWED = {
    "/projects/<slug:slug>/production/samples/": f"preview=1&{SAMPLE}",
    "/examples/queues/<int:pk>/sources/": f"preview=1&{DRAW}",
}
"""What is posted to an address that then shows the form which writes."""
QUEUE = (
    "project=support-desk&name=New&purpose=training&annotators_per_example=1&gold_share=0&labels="
)
SERVED_NAME = "which version a served name stands for"
EXPERIMENT = "an experiment to start"
POSTED = {
    "/reviews/judge/<uuid:token>/": [CHOICE],
    "/reviews/skip/<uuid:token>/": [SKIP],
    "/reviews/<int:pk>/undo/": [""],
    "/reviews/<int:pk>/guess/": [GUESS],
    "/reviews/<int:pk>/adjudicate/": [ADJUDICATION],
    "/reviews/queues/<int:pk>/undo/": [""],
    "/reviews/examples/<uuid:turn>/answer/": ["action=edit&answer=Mine"],
    "/reviews/examples/<uuid:turn>/skip/": ["reason=No"],
    "/examples/new/": [QUEUE],
    "/examples/queues/<int:pk>/export/": ["format=chat"],
    "/examples/queues/<int:pk>/publish/": ["test_set=written"],
    "/examples/queues/<int:pk>/change/": ["verb=close"],
    "/examples/queues/<int:pk>/add/": [EXAMPLES],
    "/examples/queues/<int:pk>/sources/": [f"draw=1&{DRAW}"],
    "/studies/new/": [COMPARISON],
    "/studies/new/drafts/<int:pk>/discard/": [""],
    "/studies/<int:pk>/policy/": [POLICY],
    "/demo/": ["project=support-desk"],
    "/studies/<int:pk>/decide/": [""],
    "/decisions/<int:pk>/share/": ["days=9&texts="],
    "/decision-links/<int:pk>/withdraw/": [""],
    "/comments/": [A_COMMENT],
    "/comments/<int:pk>/remove/": [""],
    "/views/": ["path=/studies/&query=verdict%3Dship&name=Shipped"],
    "/views/<int:pk>/remove/": [""],
    "/decisions/<int:pk>/accept/": ["reason=We+have+looked+at+it"],
    "/decisions/<int:pk>/sign/": ["reason=We+have+looked+at+it", "reason=No&verdict=invalid"],
    "/decisions/<int:pk>/promote/": ["reason=It+runs&arm=baseline"],
    "/versions/<int:pk>/move/": ["verb=shadow&reason=No", "verb=retire&reason=No"],
    "/projects/<slug:slug>/experiments/new/": [EXPERIMENT],
    "/experiments/<int:pk>/change/": [
        "verb=share&share=20&reason=No",
        "verb=epoch&reason=No",
        "verb=stop&reason=No",
        "verb=rollback&reason=No",
    ],
    "/projects/<slug:slug>/monitors/new/": [
        "false_alarms_a_year=1&margin_errors=0.01&feedback_hours=24"
    ],
    "/projects/<slug:slug>/monitors/false-alarms/": ["false_alarms_a_year=9"],
    "/monitors/<int:pk>/change/": ["verb=end"],
    "/alarms/<int:pk>/change/": [
        "verb=acknowledge",
        "verb=assign&owner=olga",
        "verb=snooze&days=7&reason=No",
        "verb=resolve&resolution=false&reason=No",
    ],
    "/proposals/<int:pk>/": ["verb=decline&reason=No"],
    "/campaigns/new/": [PLAN],
    "/campaigns/upload/": [UPLOAD],
    "/campaigns/<int:pk>/change/": ["verb=close"],
    "/campaigns/<int:pk>/unblind/": [""],
    "/campaigns/<int:pk>/invite/": ["emails=new@example.org"],
    "/campaigns/<int:pk>/reviewers/<int:reviewer>/": ["verb=pause", "verb=remove"],
    "/campaigns/<int:pk>/invitations/<int:invitation>/withdraw/": [""],
    "/projects/<slug:slug>/members/": ["whom=new@example.org&role=reviewer"],
    "/projects/<slug:slug>/members/<int:pk>/": ["verb=role&role=evaluator", "verb=remove"],
    "/projects/<slug:slug>/invitations/<int:pk>/withdraw/": [""],
    "/projects/<slug:slug>/webhooks/": [
        "address=https://ci.example.org/other&events=decision.made"
    ],
    "/projects/<slug:slug>/webhooks/<int:pk>/change/": [
        "verb=events&events=run.failed",
        "verb=off",
        "verb=rotate",
        "verb=remove",
    ],
    "/projects/<slug:slug>/webhooks/<int:pk>/messages/<int:delivery>/again/": [""],
    "/projects/<slug:slug>/tokens/": ["name=ci&scopes=read&days=9"],
    "/projects/<slug:slug>/tokens/<int:pk>/revoke/": [""],
    "/projects/<slug:slug>/production/keeping/": ["text_share=0.05&text_days=30&days=60"],
    "/projects/<slug:slug>/production/samples/": [f"freeze=1&{SAMPLE}"],
    "/projects/<slug:slug>/production/served/": [SERVED_NAME],
    "/test-sets/<int:pk>/edit/": ["version=1"],
    "/test-sets/<int:pk>/retire/": ["version=1&reason=Old&sure=on"],
    "/working-sets/new/": [ITEMS],
    "/working-sets/add/": ["item=1&slug=more&purpose=task"],
    "/working-sets/<int:pk>/rows/": ["pasted=Is+it+new?"],
    "/working-sets/<int:pk>/many/": ["verb=tag&tag=mine", "verb=delete"],
    "/working-sets/<int:pk>/split/": ["verb=undo"],
    "/working-sets/<int:pk>/near-copies/": ["where=inside"],
    "/working-sets/<int:pk>/publish/": ["revision=1"],
    "/working-sets/<int:pk>/discard/": [""],
    "/working-sets/<int:pk>/items/new/": ["key=new&input=Is+it+new?"],
    "/working-sets/<int:pk>/items/<int:item>/": ["revision=1&key=old&input=Is+it+old?"],
    "/working-sets/<int:pk>/items/<int:item>/delete/": ["revision=1"],
    "/scores/<int:metric>/answers/<int:output>/dispute/": ["said=0.5&why=It+is+half+right"],
    "/scores/<int:metric>/audit/": ["project=support-desk&size=3"],
    "/score-audits/<int:pk>/": [CHECK],
    "/data/check/": [DATA],
    "/data/<int:pk>/sign/": ["verdict=rejected&reason=No"],
    "/runs/new/": [RUN],
    "/versions/new/": ["project=support-desk&slug=new&kind=base&api=chat&template={input}"],
    "/studies/<int:pk>/cancel/": [""],
    "/studies/<int:pk>/resume/": [""],
    "/runs/<int:pk>/cancel/": [""],
    "/runs/<int:pk>/resume/": [""],
}
"""What is posted: all that is needed for the thing to be done. Elsewhere an empty form is."""
