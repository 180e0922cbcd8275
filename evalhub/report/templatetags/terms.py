"""A word of ours where it stands on a page: its sentence on hover and focus, and a link."""

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evalhub.report.words import terms

register = template.Library()


@register.simple_tag(takes_context=True)
def term(context: Context, key: str, text: str = "") -> SafeString:
    """`{% term "guard" %}`, `{% term "guard" "Guards" %}`: a link to the word's explanation.

    On the site it leads to the document of words. A report that is one file gives `words_used`, a
    list of (key, word), which takes the word in once: it stands at the end of that file.

    Raises:
        KeyError: the word isn't in words.yaml.
    """
    word = terms()[key]
    used = context.get("words_used")
    if used is None:
        address = f"{reverse('site:document', args=['reference/words.md'])}#{key}"
    else:
        if (key, word) not in used:
            used.append((key, word))
        address = f"#word-{key}"
    return format_html(
        '<a class="term" href="{}" aria-description="{}">{}</a>', address, word.says, text or key
    )
