"""Whether a page fits its window: the same question everywhere."""

from playwright.sync_api import Page


def overflows(page: Page) -> bool:
    """Whether something is wider than the window was opened.

    Not by `innerWidth`, which a phone's browser widens to whatever the page needs.
    """
    opened = page.viewport_size
    assert opened is not None
    return bool(page.evaluate("document.documentElement.scrollWidth") > opened["width"])
