"""Acts that bring examples into a queue, as each door takes them."""

from django.urls import reverse

from evalhub.features.examples.sources.augmenting import augment
from evalhub.features.examples.sources.from_traffic import draw_from_traffic
from evalhub.features.examples.sources.proposing import ProposalInputs, propose
from reviews.examples.queues import create_queue
from reviews.models import ExampleQueue
from tests.cast import OPERATOR, Team, a_version
from tests.features.examples.sources.test_from_traffic import query
from tests.features.traffic.shadow.production import served
from tests.refusals.doors import Act


def sources(team: Team) -> tuple[ExampleQueue, dict[str, Act]]:
    """A queue, a request of production, and a version with a server at which nobody listens."""
    queue = create_queue(project=team.project, by=team.eva, name="answers")
    served(team, ["Where is my parcel?"])
    backend = {"type": "openai", "url": "http://127.0.0.1:9/v1", "model": "m"}
    version = a_version(team, "writer", backend=backend)
    of = [str(queue.pk), "--project", "support-desk"]
    asked = {"queue": queue, "version": version, "reach": OPERATOR}
    return queue, {
        "draw": Act(
            verb=lambda by: draw_from_traffic(queue=queue, query=query(n=1), by=by),
            rest=(
                "POST",
                f"/example-queues/{queue.pk}/draws",
                {"since": "2020-01-01T00:00:00Z", "n": 1},
            ),
            page=(
                reverse("site:example_sources", args=[queue.pk]),
                {"draw": 1, "n": 1, "since": "2020-01-01T00:00", "seed": 1},
            ),
            command=["examples", "draw", *of, "--n", "1"],
        ),
        "propose": Act(
            verb=lambda by: propose(**asked, inputs=ProposalInputs(), by=by),
            command=["examples", "propose", *of, "--model", "writer@1"],
        ),
        "vary": Act(
            verb=lambda by: augment(**asked, kinds=["paraphrase"], by=by),
            command=["examples", "augment", *of, "--model", "writer@1", "--kind", "paraphrase"],
        ),
    }
