"""The built site: whole, offline, reachable, light enough."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

CHAPTER = "book/01-credit-assignment.html"


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_every_page_loads_offline_without_a_fault(site, open_page, scheme):
    assert CHAPTER in site.pages
    faults = {page: visit.faults for page in site.pages if (visit := open_page(page, scheme)).faults}
    assert faults == {}


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_axe_finds_nothing(site, open_page, axe, color_scheme):
    found = {p: v for p in site.pages if (v := axe(open_page(p, color_scheme=color_scheme).page))}
    assert found == {}


def test_every_page_fits_a_phone(site, open_page):
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    over = {p: w for p in site.pages if (w := open_page(p, width=390, height=844).page.evaluate(wide)) > 0}
    assert over == {}
