"""Tables of what garment photos show: DeepFashion's attribute benchmark and Fashion Product Images, in their real layouts.

Both end as one `Attributes`. Every defect of a file is told at once, with its line; nothing is repaired in silence.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from selvedge.errors import SelvedgeError

TELL = 50  # defects that are printed; of the others only the number
BINS = {1: "texture", 2: "fabric", 3: "shape", 4: "part", 5: "style"}  # DeepFashion's attribute types, 1,000 attributes
FINE_BINS = {1: "texture", 2: "sleeve", 3: "length", 4: "neckline", 5: "fabric", 6: "fit"}  # the same, 26 attributes
CATEGORY_TYPES = {1: "upper", 2: "lower", 3: "full"}
POINTS = {  # DeepFashion's landmarks by type of clothes, in their order
    1: ("left collar", "right collar", "left sleeve", "right sleeve", "left hem", "right hem"),
    2: ("left waistline", "right waistline", "left hem", "right hem"),
    3: (
        *("left collar", "right collar", "left sleeve", "right sleeve"),
        *("left waistline", "right waistline", "left hem", "right hem"),
    ),
}
VISIBLE, OCCLUDED, CUT_OFF, NO_POINT = 0, 1, 2, -1
SPLITS = ("train", "val", "test")
STYLES = (
    *("id", "gender", "masterCategory", "subCategory", "articleType"),
    *("baseColour", "season", "year", "usage", "productDisplayName"),
)
MISSING = frozenset({"", "NA"})
BLIND = b" \t\r\n"


@dataclass(frozen=True)
class Attributes:
    """What a data set says of N pictures with A attributes.

    `files` are paths below the data set's picture folder; `bins` the kind of each attribute name. `values` int8 (N, A): 1 has
    it, -1 has it not, 0 unknown. `categories` and `split` are one word a picture, "" where none is known. `boxes` int32
    (N, 4): left, top, right, bottom in pixels. `landmarks` int16 (N, 8, 3): x, y, visibility (VISIBLE, OCCLUDED, CUT_OFF,
    NO_POINT). Both are None where the data set has none. `notes` say what is odd but was read.
    """

    layout: str
    files: list[str]
    names: tuple[str, ...]
    bins: dict[str, str]
    values: np.ndarray
    categories: list[str]
    split: list[str]
    boxes: np.ndarray | None = None
    landmarks: np.ndarray | None = None
    category_types: dict[str, str] | None = None
    notes: tuple[str, ...] = ()

    def points(self, row: int) -> list[tuple[float, float]]:
        """The landmarks of picture `row` that lie in the picture, visible or covered."""
        if self.landmarks is None:
            return []
        return [(float(x), float(y)) for x, y, seen in self.landmarks[row] if seen in (VISIBLE, OCCLUDED)]


# ---- any of them -----------------------------------------------------------------------------------------------------


def load(path: str | Path) -> Attributes:
    """Read the data set at `path`, whichever it is; raises SelvedgeError with all defects of the file that has some."""
    layout, folder = detect(path)
    return {"deepfashion": load_deepfashion, "deepfashion-fine": load_fine, "products": load_products}[layout](folder)


def detect(path: str | Path) -> tuple[str, Path]:
    """The layout at `path` (deepfashion, deepfashion-fine, products) and the folder that its tables lie in.

    Where both of DeepFashion's are there the whole one is taken; name Anno_fine itself to read the small one.
    Raises SelvedgeError naming the files that would have been known.
    """
    root = Path(path)
    if not root.exists():
        raise SelvedgeError(f"{root}: there is no such folder")
    if (root / "styles.csv").is_file() or root.name == "styles.csv":
        return "products", root.parent if root.name == "styles.csv" else root
    for folder in (root, root / "Anno_coarse", root / "Anno", root / "Anno_fine"):
        if (folder / "train_attr.txt").is_file() and not (folder / "list_bbox.txt").is_file():
            return "deepfashion-fine", folder
        if (folder / "list_attr_img.txt").is_file():
            return "deepfashion", folder
    raise SelvedgeError(
        f"{root}: neither DeepFashion's attribute benchmark (Anno_coarse/list_attr_img.txt, Anno_fine/train_attr.txt) "
        "nor Fashion Product Images (styles.csv)"
    )


def summary(path: str | Path) -> list[dict[str, str]]:
    """The counts of the data set at `path` as rows of a table: what, name, attributes, pictures."""
    data = load(path)
    rows = [_row("layout", data.layout, len(data.names), len(data.files))]
    for name, count in Counter(data.split).items():
        rows.append(_row("split", name or "none named", "", count))
    has = data.values == 1
    for name in dict.fromkeys(data.bins.values()):
        columns = [i for i, attribute in enumerate(data.names) if data.bins[attribute] == name]
        rows.append(_row("bin", name, len(columns), int(has[:, columns].any(axis=1).sum())))
    for name, count in Counter(data.categories).most_common():
        rows.append(_row("category", name or "unknown", "", count))
    if data.boxes is not None:
        rows.append(_row("boxes", "", "", len(data.boxes)))
    if data.landmarks is not None:
        inside = np.isin(data.landmarks[..., 2], (VISIBLE, OCCLUDED)).any(axis=1)
        rows.append(_row("landmarks", "in the picture", "", int(inside.sum())))
    return rows + [_row("note", note, "", "") for note in data.notes]


def _row(what: str, name: str, attributes: object, pictures: object) -> dict[str, str]:
    def shown(value: object) -> str:
        return f"{value:,}" if isinstance(value, int) else str(value)

    return {"what": what, "name": name, "attributes": shown(attributes), "pictures": shown(pictures)}


# ---- choosing attributes, vectors for conditional models -----------------------------------------------------------------


def select(
    data: Attributes,
    least: int | dict[str, int] = 0,  # pictures that have an attribute, at least; a number a bin, or for all
    most: int | dict[str, int] | None = None,  # attributes of a bin, at most: its most frequent
    bins: Iterable[str] | None = None,  # all others are left out
) -> Attributes:
    """The data set with its frequent attributes alone, in their old order; ties go to the earlier one."""
    known = dict.fromkeys(data.bins.values())
    wanted = list(known if bins is None else bins)
    named = [*wanted, *(least if isinstance(least, dict) else ()), *(most if isinstance(most, dict) else ())]
    if strange := [name for name in named if name not in known]:
        raise SelvedgeError(f"there is no bin {strange[0]!r} among {', '.join(known)}")
    count = (data.values == 1).sum(axis=0)
    kept = []
    for name in wanted:
        floor = least.get(name, 0) if isinstance(least, dict) else least
        limit = most.get(name) if isinstance(most, dict) else most
        columns = [i for i, a in enumerate(data.names) if data.bins[a] == name and count[i] >= floor]
        kept += sorted(columns, key=lambda i: (-count[i], i))[:limit]
    kept.sort()
    names = tuple(data.names[i] for i in kept)
    return replace(data, names=names, bins={name: data.bins[name] for name in names}, values=data.values[:, kept])


def identifiers(data: Attributes) -> Attributes:
    """DeepFashion's attributes as single words in four bins (texture, fabric, shape, part) and the category as the fifth.

    A picture has a word when it has an attribute that contains it; `style` is left out. This is how the 1,000 attributes
    became 486 identifiers in the published system: 436 words cut to their stems, and 50 categories. Words are not cut
    to stems here, so there are more of them; `select` takes the frequent ones.
    """
    columns: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, name in enumerate(data.names):
        if data.bins[name] != "style":
            for word in dict.fromkeys(name.split()):
                columns[data.bins[name], word].append(i)
    categories = sorted({name for name in data.categories if name})
    names = (*(f"{kind}: {word}" for kind, word in columns), *(f"category: {name}" for name in categories))
    values = np.zeros((len(data.files), len(names)), np.int8)
    for i, group in enumerate(columns.values()):
        values[:, i] = data.values[:, group].max(axis=1)  # has it if any has it, unknown before has it not
    place = {name: len(columns) + i for i, name in enumerate(categories)}
    for row, name in enumerate(data.categories):
        if name:
            values[row, len(columns) :] = -1
            values[row, place[name]] = 1
    return replace(data, names=names, bins={name: name.split(":")[0] for name in names}, values=values)


def one_hot(data: Attributes, rows: Sequence[int] | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Vectors for a conditional model, uint8 (rows, A + C), and the name of each of their numbers.

    1 for every attribute that is known to be there, then one number a category (all 0 where it is unknown).
    """
    chosen = np.arange(len(data.files)) if rows is None else np.asarray(rows, int)
    categories = sorted({name for name in data.categories if name})
    vectors = np.zeros((len(chosen), len(data.names) + len(categories)), np.uint8)
    vectors[:, : len(data.names)] = data.values[chosen] == 1
    place = {name: len(data.names) + i for i, name in enumerate(categories)}
    for i, row in enumerate(chosen):
        if data.categories[row]:
            vectors[i, place[data.categories[row]]] = 1
    return vectors, (*data.names, *categories)


# ---- DeepFashion, 289,222 pictures with 1,000 attributes -------------------------------------------------------------------


def load_deepfashion(folder: str | Path) -> Attributes:
    """Category and Attribute Prediction: `folder` is Anno_coarse (Anno of the first release), with Eval beside it.

    list_attr_cloth.txt, list_attr_img.txt, list_category_cloth.txt and list_category_img.txt must be there; list_bbox.txt,
    list_landmarks.txt and list_eval_partition.txt are read where they are. The labels are read line by line: 289,222 x 1,000
    of them take 290 MB.
    """
    folder = Path(folder)
    names, bins = _attribute_names(folder / "list_attr_cloth.txt", BINS)
    files, values = _labels(folder / "list_attr_img.txt", len(names))
    index = {file: i for i, file in enumerate(files)}
    words, types = _category_names(folder / "list_category_cloth.txt")
    categories = _by_picture(folder / "list_category_img.txt", index, [""] * len(files), 1, _category(words))
    split, boxes, landmarks, notes = [""] * len(files), None, None, []
    partition = next((p for p in _partitions(folder) if p.is_file()), None)
    if partition:
        split = _by_picture(partition, index, split, 1, _split)
    else:
        notes.append(f"no list_eval_partition.txt beside {folder.name}: no split is known")
    if (folder / "list_bbox.txt").is_file():
        boxes = _by_picture(folder / "list_bbox.txt", index, np.zeros((len(files), 4), np.int32), 4, _box)
    else:
        notes.append("no list_bbox.txt: no boxes are known")
    if (folder / "list_landmarks.txt").is_file():
        landmarks = np.full((len(files), 8, 3), NO_POINT, np.int16)
        _by_picture(folder / "list_landmarks.txt", index, landmarks, None, _landmarks)
    else:
        notes.append("no list_landmarks.txt: no landmarks are known")
    return Attributes(
        "DeepFashion, category and attribute prediction",
        *(files, names, bins, values, categories, split, boxes, landmarks, types, tuple(notes)),
    )


def read_list_boxes(path: str | Path) -> dict[str, tuple[float, float, float, float]]:
    """A list_bbox.txt: left, top, right, bottom in pixels by picture."""
    return _whole(Path(path), 4, lambda cells, header: tuple(float(v) for v in _box(cells, header)))


def read_list_landmarks(path: str | Path) -> dict[str, list[tuple[float, float]]]:
    """A list_landmarks.txt: the points that lie in the picture, visible or covered, by picture."""

    def points(cells: list[str], header: list[str]) -> list[tuple[float, float]]:
        return [(float(x), float(y)) for x, y, seen in _landmarks(cells, header) if seen in (VISIBLE, OCCLUDED)]

    return _whole(Path(path), None, points)


def _partitions(folder: Path) -> tuple[Path, ...]:
    return folder / "list_eval_partition.txt", folder.parent / "Eval" / "list_eval_partition.txt"


def _attribute_names(path: Path, kinds: dict[int, str]) -> tuple[tuple[str, ...], dict[str, str]]:
    defects = _Defects(path)
    bins: dict[str, str] = {}
    for line, name, kind in _named(path, defects):
        if kind not in kinds:
            defects.add(line, f"type {kind} of {name!r} is none of {', '.join(map(str, kinds))}")
        elif name in bins:
            defects.add(line, f"{name!r} is named twice")
        else:
            bins[name] = kinds[kind]
    defects.tell()
    return tuple(bins), bins


def _category_names(path: Path) -> tuple[list[str], dict[str, str]]:
    defects = _Defects(path)
    types: dict[str, str] = {}
    for line, name, kind in _named(path, defects):
        if kind not in CATEGORY_TYPES:
            defects.add(line, f"type {kind} of {name!r} is none of 1, 2, 3")
        elif name in types:
            defects.add(line, f"{name!r} is named twice")
        else:
            types[name] = CATEGORY_TYPES[kind]
    defects.tell()
    return list(types), types


def _named(path: Path, defects: _Defects) -> Iterator[tuple[int, str, int]]:
    """(line, name, type) of a list of names; a name may hold spaces."""
    for line, row in _lines(path, defects):
        name, _, kind = " ".join(row.split()).rpartition(" ")
        if name and kind.isdecimal():
            yield line, name, int(kind)
        else:
            defects.add(line, f"{_short(row)} is no name with its type")


def _labels(path: Path, width: int) -> tuple[list[str], np.ndarray]:
    """Files and int8 (N, width) of a list_attr_img.txt, read line by line."""
    defects = _Defects(path)
    with _open(path) as file:
        count = _count(file.readline(), defects)
        file.readline()
        # The file's length bounds what a false count may make us reserve: a label takes two bytes or more.
        room = min(count or 0, path.stat().st_size // (2 * width) + 1)
        values = np.zeros((room, width), np.int8)
        files: list[str] = []
        seen: set[str] = set()
        rows = 0
        for line, raw in enumerate(file, start=3):
            if not raw.strip():
                continue
            rows += 1
            name, _, tail = raw.strip().partition(b" ")
            row, wrong = _signs(tail, width)
            text = name.decode("utf-8", "replace")
            if wrong:
                defects.add(line, f"{text}: {wrong}")
            elif text in seen:
                defects.add(line, f"{text} is there twice")
            elif len(files) < room:
                values[len(files)] = row
                seen.add(text)
                files.append(text)
        defects.rows(rows, count)
    defects.tell()
    return files, values


def _signs(tail: bytes, width: int) -> tuple[np.ndarray | None, str]:
    """`width` labels of -1, 0 or 1 as int8, or what is wrong with them; 289,222 lines of 1,000 pass here."""
    cells = tail.split()
    if len(cells) != width:
        return None, f"has {len(cells):,} labels, {width:,} are named"
    packed = tail.replace(b"-1", b"/").translate(None, BLIND)  # one byte a label: / 0 1 are 47, 48, 49
    row = np.frombuffer(packed, np.uint8).astype(np.int8) - 48
    if len(row) == width and row.min() >= -1 and row.max() <= 1 and b"/" not in tail:
        return row, ""
    bad = next((cell for cell in cells if cell not in (b"-1", b"0", b"1")), b"")
    return None, f"{bad.decode('utf-8', 'replace')!r} is no label: -1, 0 or 1"


def _by_picture(path: Path, index: dict[str, int], into, width: int | None, read):
    """Fill `into` by picture from a list of DeepFashion's; raises SelvedgeError with all defects."""
    defects = _Defects(path)
    seen = bytearray(len(index))
    for line, name, value in _values(path, defects, width, read):
        place = index.get(name)
        if place is None:
            defects.add(line, f"{name} is not in list_attr_img.txt")
        elif seen[place]:
            defects.add(line, f"{name} is there twice")
        else:
            seen[place] = 1
            if isinstance(into, np.ndarray) and into.ndim == 3:
                into[place, : len(value)] = value
            else:
                into[place] = value
    if lost := len(seen) - sum(seen):
        first = next(name for name, place in index.items() if not seen[place])
        defects.add(None, f"{lost:,} pictures of list_attr_img.txt are missing, the first is {first}")
    defects.tell()
    return into


def _whole(path: Path, width: int | None, read) -> dict:
    """A list of DeepFashion's as a dictionary by picture."""
    defects = _Defects(path)
    found: dict = {}
    for line, name, value in _values(path, defects, width, read):
        if name in found:
            defects.add(line, f"{name} is there twice")
        found[name] = value
    defects.tell()
    return found


def _values(path: Path, defects: _Defects, width: int | None, read) -> Iterator[tuple[int, str, object]]:
    """(line, picture, value) of a list's good lines; `read` makes the value of the cells, or raises ValueError saying why not."""
    with _open(path) as file:
        file.readline()
        header = file.readline().decode("utf-8", "replace").split()
    for line, row in _lines(path, defects):
        name, *cells = row.split()
        if width is not None and len(cells) != width:
            defects.add(line, f"{name} has {len(cells)} values, not {width}")
            continue
        try:
            yield line, name, read(cells, header)
        except ValueError as error:
            defects.add(line, f"{name}: {error}")


def _category(words: list[str]):
    def read(cells: list[str], _header: list[str]) -> str:
        if not cells[0].isdecimal() or not 1 <= int(cells[0]) <= len(words):
            raise ValueError(f"{cells[0]!r} is no category: they are numbered 1 to {len(words)}")
        return words[int(cells[0]) - 1]

    return read


def _split(cells: list[str], _header: list[str]) -> str:
    if cells[0] not in SPLITS:
        raise ValueError(f"{cells[0]!r} is no split: {', '.join(SPLITS)}")
    return cells[0]


def _box(cells: list[str], _header: list[str]) -> tuple[int, ...]:
    left, top, right, bottom = box = tuple(_whole_number(cell) for cell in cells)
    if left >= right or top >= bottom:
        raise ValueError(f"the box {' '.join(cells)} is empty: it is left, top, right, bottom")
    return box


def _landmarks(cells: list[str], header: list[str]) -> list[tuple[int, int, int]]:
    """x, y, visibility of 4, 6 or 8 points; the header says whether a variation type stands before them.

    DeepFashion's README describes it for all of its benchmarks, while readers of this one's file find none.
    """
    before = 2 if "variation_type" in header else 1
    kind = _whole_number(cells[0]) if cells else 0
    if kind not in POINTS:
        raise ValueError(f"clothes type {cells[0] if cells else ''!r} is none of 1, 2, 3")
    numbers = [_whole_number(cell) for cell in cells[before:]]
    if len(numbers) != 3 * len(POINTS[kind]):
        raise ValueError(f"clothes type {kind} has {len(POINTS[kind])} points of 3 numbers, not {len(numbers)} numbers")
    points = []
    for seen, x, y in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
        if seen not in (VISIBLE, OCCLUDED, CUT_OFF):
            raise ValueError(f"visibility {seen} is none of 0, 1, 2")
        points.append((x, y, seen))
    return points


def _whole_number(cell: str) -> int:
    try:
        number = int(cell)
    except ValueError:
        raise ValueError(f"{_short(cell)} is no whole number") from None
    if abs(number) > 30_000:  # int16 holds it; pictures are 300 px
        raise ValueError(f"{number} is no place in a picture")
    return number


# ---- DeepFashion, 20,000 pictures with 26 attributes ---------------------------------------------------------------------


def load_fine(folder: str | Path) -> Attributes:
    """Anno_fine: a train.txt of pictures with _attr, _cate, _bbox, _landmarks line by line beside it; val, test alike.

    Its labels are 1 and 0, and 0 means that the picture has it not. Landmarks are x and y of up to eight points, 0 0 for none.
    """
    folder = Path(folder)
    names, bins = _attribute_names(folder / "list_attr_cloth.txt", FINE_BINS)
    words, types = _category_names(folder / "list_category_cloth.txt")
    files: list[str] = []
    split: list[str] = []
    parts: dict[str, list] = {"attr": [], "cate": [], "bbox": [], "landmarks": []}
    readers = {"attr": _fine_labels(len(names)), "cate": _category(words), "bbox": _box, "landmarks": _fine_points}
    for name in SPLITS:
        if not (folder / f"{name}.txt").is_file():
            continue
        pictures = _plain(folder / f"{name}.txt", lambda cells, _header: " ".join(cells))
        files += pictures
        split += [name] * len(pictures)
        for part, read in readers.items():
            path = folder / f"{name}_{part}.txt"
            if part in ("bbox", "landmarks") and not path.is_file():
                continue
            rows = _plain(path, read)
            if len(rows) != len(pictures):
                raise SelvedgeError(
                    f"{path}: has {len(rows):,} lines, {name}.txt {len(pictures):,}; they go together line by line"
                )
            parts[part] += rows
    if len(files) != len(set(files)):
        twice = next(file for file, count in Counter(files).items() if count > 1)
        raise SelvedgeError(f"{folder}: {twice} is in the lists of pictures twice")
    notes = [
        f"no {what}: at least one split has no file" for what in ("bbox", "landmarks") if len(parts[what]) != len(files)
    ]
    boxes = np.array(parts["bbox"], np.int32) if files and len(parts["bbox"]) == len(files) else None
    landmarks = np.array(parts["landmarks"], np.int16) if files and len(parts["landmarks"]) == len(files) else None
    values = np.array(parts["attr"], np.int8).reshape(len(files), len(names))
    return Attributes(
        "DeepFashion, fine attributes",
        *(files, names, bins, values, parts["cate"], split, boxes, landmarks, types, tuple(notes)),
    )


def _plain(path: Path, read) -> list:
    """The lines of a file without a count and without a header."""
    defects = _Defects(path)
    found = []
    with _open(path) as file:
        for line, raw in enumerate(file, start=1):
            if cells := raw.decode("utf-8", "replace").split():
                try:
                    found.append(read(cells, []))
                except ValueError as error:
                    defects.add(line, str(error))
    defects.tell()
    return found


def _fine_labels(width: int):
    def read(cells: list[str], _header: list[str]) -> list[int]:
        if len(cells) != width:
            raise ValueError(f"has {len(cells)} labels, {width} are named")
        if bad := next((cell for cell in cells if cell not in ("0", "1")), None):
            raise ValueError(f"{bad!r} is no label: 0 or 1")
        return [1 if cell == "1" else -1 for cell in cells]

    return read


def _fine_points(cells: list[str], _header: list[str]) -> list[tuple[int, int, int]]:
    numbers = [_whole_number(cell) for cell in cells]
    if len(numbers) % 2 or len(numbers) > 16:
        raise ValueError(f"has {len(numbers)} numbers; up to eight points of x and y are there")
    points = [(x, y, VISIBLE if x or y else NO_POINT) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
    return points + [(0, 0, NO_POINT)] * (8 - len(points))


# ---- Fashion Product Images ------------------------------------------------------------------------------------------------


def load_products(folder: str | Path) -> Attributes:
    """Fashion Product Images: styles.csv and images/ID.jpg. The attributes of a bin are the values of a column.

    A product name may hold commas that nobody quoted (22 lines of the full set): what is left over belongs to it, and the
    notes count such lines. "" and NA are unknown. Categories are articleType; the data set has no split.
    """
    folder = Path(folder)
    path = folder / "styles.csv"
    rows, notes = _styles(path)
    files = [f"images/{row[0]}.jpg" for row in rows]
    columns = STYLES[1:9]
    kinds = {(column, row[i]) for row in rows for i, column in enumerate(columns, 1) if row[i] not in MISSING}
    ordered = sorted(kinds, key=lambda kind: (columns.index(kind[0]), kind[1]))
    names = tuple(f"{column}: {value}" for column, value in ordered)
    place = {kind: i for i, kind in enumerate(ordered)}
    spans = {column: [i for kind, i in place.items() if kind[0] == column] for column in columns}
    values = np.zeros((len(rows), len(names)), np.int8)
    unknown: Counter[str] = Counter()
    for row, cells in enumerate(rows):
        for column, value in zip(columns, cells[1:9], strict=True):
            if value in MISSING:
                unknown[column] += 1
            else:
                values[row, spans[column][0] : spans[column][-1] + 1] = -1
                values[row, place[column, value]] = 1
    notes += [f"{column} unknown, lines: {count:,}" for column, count in unknown.items()]
    notes += _missing_images(folder, files)
    categories = ["" if row[4] in MISSING else row[4] for row in rows]
    bins = {name: column for name, (column, _) in zip(names, ordered, strict=True)}
    return Attributes(
        "Fashion Product Images",
        *(files, names, bins, values, categories, [""] * len(rows)),
        notes=tuple(notes),
    )


def _styles(path: Path) -> tuple[list[list[str]], list[str]]:
    """The ten cells of each line, and how many lines had more."""
    defects = _Defects(path)
    rows: list[list[str]] = []
    seen: dict[str, int] = {}
    surplus = []
    with _open(path) as file:
        header = _cells(file.readline().removeprefix(b"\xef\xbb\xbf"))
        if tuple(header) != STYLES:
            raise SelvedgeError(f"{path}, line 1: the columns are {','.join(header)}, not {','.join(STYLES)}")
        for line, raw in enumerate(file, start=2):
            if not raw.strip():
                continue
            cells = _cells(raw)
            wrong = _wrong_style(cells, seen)
            if wrong:
                defects.add(line, wrong)
                continue
            seen[cells[0]] = line
            if len(cells) > len(STYLES):
                surplus.append(line)
                cells = [*cells[:9], ",".join(cells[9:])]
            rows.append(cells)
    defects.tell()
    if not surplus:
        return rows, []
    lines = ", ".join(map(str, surplus[:30])) + (", ..." if len(surplus) > 30 else "")
    return rows, [f"commas in productDisplayName that are not quoted, lines: {len(surplus)} ({lines})"]


def _cells(raw: bytes) -> list[str]:
    """The cells of one line. A line is a row: a stray quotation mark must not swallow those that follow."""
    return next(csv.reader([raw.decode("utf-8", "replace").rstrip("\r\n")]), [])


def _wrong_style(cells: list[str], seen: dict[str, int]) -> str:
    if len(cells) < len(STYLES):
        return f"has {len(cells)} cells, not {len(STYLES)}"
    if not cells[0].isdecimal():
        return f"the id {_short(cells[0])} is no number"
    if cells[0] in seen:
        return f"the id {cells[0]} is on line {seen[cells[0]]} too"
    if cells[7] not in MISSING and not cells[7].removesuffix(".0").isdecimal():
        return f"the year {_short(cells[7])} is no number: a comma too many before it?"
    return ""


def _missing_images(folder: Path, files: list[str]) -> list[str]:
    if not (folder / "images").is_dir():
        return ["no folder images/: the table was read without its pictures"]
    there = {path.name for path in (folder / "images").iterdir()}
    lost = [file for file in files if file.removeprefix("images/") not in there]
    if not lost:
        return []
    return [f"missing pictures: {len(lost):,} ({', '.join(lost[:10])}" + (", ...)" if len(lost) > 10 else ")")]


# ---- lines and their defects -----------------------------------------------------------------------------------------------


class _Defects:
    """What is wrong with one file, told at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self.count = 0

    def add(self, line: int | None, text: str) -> None:
        self.count += 1
        if len(self.told) < TELL:
            self.told.append(f"{self.path}, line {line}: {text}" if line else f"{self.path}: {text}")

    def rows(self, found: int, count: int | None) -> None:
        if count is not None and found != count:
            self.add(1, f"says {count:,} rows, {found:,} follow")

    def tell(self) -> None:
        if self.count:
            more = [f"{self.path}: and {self.count - len(self.told):,} more defects"] if self.count > TELL else []
            raise SelvedgeError("\n".join(self.told + more))


def _lines(path: Path, defects: _Defects) -> Iterator[tuple[int, str]]:
    """(line, text) below the count and the header of a list of DeepFashion's; the count is checked."""
    rows = 0
    with _open(path) as file:
        count = _count(file.readline(), defects)
        file.readline()
        for line, raw in enumerate(file, start=3):
            if raw.strip():
                rows += 1
                yield line, raw.decode("utf-8", "replace").strip()
    defects.rows(rows, count)


def _count(raw: bytes, defects: _Defects) -> int | None:
    if raw.strip().isdigit():
        return int(raw)
    defects.add(1, f"{_short(raw.decode('utf-8', 'replace').strip())} is not the number of rows")
    return None


def _open(path: Path):
    try:
        return path.open("rb")
    except OSError as error:
        raise SelvedgeError(f"{path}: cannot be read ({error.strerror})") from None


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
