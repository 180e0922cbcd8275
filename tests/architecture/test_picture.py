"""docs/architecture.md shows the house as it is."""

from tests.architecture.picture import BLOCK, PAGE, ROOT, contracts, picture


def test_the_picture_is_drawn_from_the_contracts_and_the_packages() -> None:
    drawn = BLOCK.search(PAGE.read_text())
    assert drawn is not None
    assert drawn[0] == picture(), "python -m tests.architecture.picture writes it anew"


def test_every_package_has_its_place_in_a_layer() -> None:
    placed = {module for _, layers in contracts() for layer in layers for module in layer}
    packages = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("evalhub", "reviews", "runners")
        for path in (ROOT / top).glob("*/__init__.py")
    }
    unplaced = {
        each for each in packages - placed if not each.endswith((".migrations", ".templatetags"))
    }
    assert unplaced == set()
