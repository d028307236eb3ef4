"""The part `field` by itself: where its lines run, and which colours its pixels have."""

import numpy as np
import pytest
from pages import modules

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><meta charset="utf-8"><title>Field</title><link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; --bp-low: light-dark(#ff0000, #800000);
  --bp-middle: light-dark(#ffffff, #000000);
  --bp-high: light-dark(#0000ff, #000080);
  --bp-ink: light-dark(#000000, #ffffff); --bp-panel: #00ff00;
  --bp-blue: #123456; --bp-red: #654321; --bp-muted: #777777; }
</style><main></main>
<script type="module">
import { axes, contour, painter } from "./parts/field.js";
window.field = { axes, contour, painter };
// A painter in the page; what it draws is drawn again when the colours change.
window.paint = (scale, draw) => {
  window.one?.end();
  window.drawn = 0;
  const one = painter(scale, () => (window.drawn++, draw(one)));
  document.querySelector("main").replaceChildren(...one.elements);
  draw((window.one = one));
  window.pixel = (x, y) => {
    const fine = devicePixelRatio;
    const canvas = document.querySelector("canvas");
    return [...canvas.getContext("2d").getImageData(Math.round(x * fine), Math.round(y * fine), 1, 1).data];
  };
};
window.ready = true;
</script>"""


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    with modules(chromium, tmp_path_factory.mktemp("field"), PAGE) as page:
        yield page


def middles(cells):
    return np.meshgrid(*2 * [(np.arange(cells) + 0.5) / cells])


def contour(page, values, level, at=0):
    cells = len(values)
    data = [0.0] * at + [None if np.isnan(x) else float(x) for x in np.ravel(values)]
    script = """([data, cells, level, at]) =>
      field.contour(Float64Array.from(data, (x) => x ?? NaN), cells, level, at)"""
    return np.reshape(page.evaluate(script, [data, cells, level, at]), (-1, 4))


def test_a_line_of_a_plane_is_straight_and_goes_to_the_edges(page):
    x, y = middles(8)
    pieces = contour(page, x + 2 * y, 1.2)
    ends = pieces.reshape(-1, 2)
    inside = ends[(ends > 1 / 16).all(axis=1) & (ends < 15 / 16).all(axis=1)]
    assert len(inside) > 8
    np.testing.assert_allclose(inside @ [1, 2], 1.2, atol=1e-12)
    assert ends[:, 0].min() == 0
    assert ends[:, 0].max() == 1


def test_a_ring_is_closed_and_lies_where_it_should(page):
    x, y = middles(40)
    pieces = contour(page, np.hypot(x - 0.5, y - 0.4), 0.25, at=7)
    ends = pieces.reshape(-1, 2)
    np.testing.assert_allclose(np.hypot(ends[:, 0] - 0.5, ends[:, 1] - 0.4), 0.25, atol=1e-3)
    # Each end is the end of exactly one other piece.
    _, counts = np.unique(ends.round(9), axis=0, return_counts=True)
    assert (counts == 2).all()
    lengths = np.hypot(*(pieces[:, 2:] - pieces[:, :2]).T)
    assert lengths.sum() == pytest.approx(2 * np.pi * 0.25, rel=0.01)


@pytest.mark.parametrize(
    ("values", "joined"), [([[1, -0.5], [-0.5, 1]], True), ([[0.5, -1], [-1, 0.5]], False)]
)
def test_in_a_saddle_the_middle_decides(page, values, joined):
    """Both have two high corners, at the lower left and the upper right, joined where the middle is high."""
    pieces = contour(page, np.array(values), 0.0)
    within = [piece for piece in pieces if ((piece >= 0.25) & (piece <= 0.75)).all()]
    assert len(within) == 2
    for piece in within:
        x, y = (piece[0] + piece[2]) / 2, (piece[1] + piece[3]) / 2
        # A piece that cuts off a low corner lies toward the lower right or the upper left.
        assert ((x - 0.5) * (y - 0.5) < 0) == joined


@pytest.mark.parametrize("values", [np.ones((3, 3)), np.full((3, 3), np.nan), -np.ones((3, 3))])
def test_where_no_level_is_crossed_there_is_no_line(page, values):
    assert contour(page, values, 0.0).size == 0


def test_a_gap_has_no_lines_and_no_colour(page):
    values = np.array([[0.0, 1.0, 1.0], [0.0, 1.0, np.nan], [0.0, 1.0, 1.0]])
    pieces = contour(page, values, 0.5)
    np.testing.assert_allclose(pieces[:, [0, 2]], 1 / 3)
    page.evaluate(
        """() => paint({ lo: 0, hi: 1, two: false }, (one) => {
          one.begin(60, 60);
          one.fields(Float64Array.of(NaN, NaN, NaN, NaN), 2, [[10, 10, 40, 40]]);
        })"""
    )
    assert page.evaluate("pixel(30, 30)") == [0, 0, 0, 0]


def test_rows_go_up_and_colours_go_from_low_to_high(page):
    page.evaluate(
        """() => paint({ lo: -1, hi: 1, two: true }, (one) => {
          one.begin(100, 100);
          one.fields(Float64Array.of(-1, -1, 9, 9), 2, [[0, 0, 50, 100]]);
          one.fields(Float64Array.of(0), 1, [[50, 0, 50, 100]]);
        })"""
    )
    assert page.evaluate("pixel(75, 50)") == pytest.approx([255, 255, 255, 255], abs=2)  # the middle
    assert page.evaluate("pixel(25, 99)") == [255, 0, 0, 255]  # the first row, at the low end
    assert page.evaluate("pixel(25, 1)") == [0, 0, 255, 255]  # beyond the high end is the high end


def test_a_logarithmic_scale_is_in_the_middle_at_the_geometric_mean(page):
    page.evaluate(
        """() => paint({ lo: 0.01, hi: 100, log: true, two: false }, (one) => {
          one.begin(90, 30);
          const boxes = [[0, 0, 30, 30], [30, 0, 30, 30], [60, 0, 30, 30]];
          one.fields(Float64Array.of(1, 0, 100), 1, boxes, [0, 1, 2]);
        })"""
    )
    assert page.evaluate("pixel(15, 15)") == pytest.approx([127, 127, 255, 255], abs=2)
    assert page.evaluate("pixel(45, 15)") == [255, 255, 255, 255]  # 0 has no logarithm: the low end
    assert page.evaluate("pixel(75, 15)") == [0, 0, 255, 255]


def test_boxes_show_the_fields_in_their_order(page):
    page.evaluate(
        """() => paint({ lo: 0, hi: 1, two: false }, (one) => {
          one.begin(60, 30);
          one.fields(Float64Array.of(0, 0, 0, 0, 1, 1, 1, 1), 2, [[0, 0, 30, 30], [30, 0, 30, 30]], [1, 0]);
        })"""
    )
    assert page.evaluate("[pixel(15, 15), pixel(45, 15)]") == [[0, 0, 255, 255], [255, 255, 255, 255]]


def test_points_have_shapes_and_colours(page):
    page.evaluate(
        """() => paint({ lo: 0, hi: 1, two: false }, (one) => {
          one.begin(100, 40);
          one.points([[20, 20]], "square", "panel", 10);
          one.points([[50, 20]], "disc", "blue", 10);
          one.points([[80, 20]], "disc", 1, 10);
        })"""
    )
    assert page.evaluate("pixel(20, 20)") == [0, 255, 0, 255]
    assert page.evaluate("pixel(50, 20)") == [0x12, 0x34, 0x56, 255]
    assert page.evaluate("pixel(80, 20)") == [0, 0, 255, 255]
    # A square has corners, a disc has none.
    assert page.evaluate("pixel(27, 13)") == [0, 255, 0, 255]
    assert page.evaluate("pixel(58, 12)[3]") == 0


def test_colours_follow_the_page(page):
    page.evaluate(
        """() => paint({ lo: 0, hi: 1, two: false }, (one) => {
          one.begin(40, 40);
          one.fields(Float64Array.of(1), 1, [[0, 0, 40, 40]]);
        })"""
    )
    assert page.evaluate("pixel(20, 20)") == [0, 0, 255, 255]
    page.emulate_media(color_scheme="dark")  # the system's
    page.wait_for_function("drawn === 1")
    assert page.evaluate("pixel(20, 20)") == [0, 0, 128, 255]
    page.evaluate("document.documentElement.style.colorScheme = 'light'")  # the page's own
    page.wait_for_function("drawn === 2")
    assert page.evaluate("pixel(20, 20)") == [0, 0, 255, 255]
    page.evaluate("document.documentElement.dataset.other = 1")  # changes no colour
    page.evaluate("one.end(); document.documentElement.style.colorScheme = ''")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("drawn") == 2
    page.emulate_media(color_scheme="light")


def test_axes_lead_to_the_picture_and_back(page):
    got = page.evaluate(
        """() => {
          const one = field.axes(["a", "b"], [[-2, 2], [0, 1]]);
          document.querySelector("main").replaceChildren(one.picture);
          const sizes = [300, 900].map((room) => one.draw(room));
          const corner = one.picture.getBoundingClientRect();
          const [x, y] = one.at([1, 0.25]);
          const back = one.under({ clientX: corner.left + x, clientY: corner.top + y });
          const far = one.under({ clientX: corner.left - 500, clientY: corner.top - 500 });
          return { sizes, back, far, box: one.box, out: one.at([1e300, 0]) };
        }"""
    )
    assert got["back"] == pytest.approx([1, 0.25])
    assert got["far"] == [-2, 1]
    assert abs(got["out"][0]) < 1e5
    assert got["sizes"][0]["width"] == 300
    assert got["box"][2] == 420  # no wider than this
    assert got["box"][3] == 252  # and not flatter than 3 to 5
