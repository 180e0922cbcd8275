"""Template tag: the link from an answer to the page where its item is asked again."""

from urllib.parse import urlencode

from django import template
from django.urls import reverse

from evalhub.features.beside.run_page import answers_live
from evalhub.registry.models import Output, Run

register = template.Library()


@register.inclusion_tag("beside/_ask_again.html")
def ask_again(run: Run, output: Output) -> dict[str, str]:
    """Link: edit the prompt of the run's version and ask the answer's item again; nothing where no
    chat endpoint answers for that version."""
    if not answers_live(run.version.backend):
        return {"address": ""}
    version = str(run.version_id)
    query = urlencode({"item": output.item_id, "left": version, "right": version})
    return {"address": f"{reverse('site:prompts_beside')}?{query}"}
