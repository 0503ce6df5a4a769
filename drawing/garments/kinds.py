"""The nine kinds of garments, how they are shown, and the values that stand for them in a mask."""

KINDS = ("t-shirt", "shirt", "sweater", "hoodie", "dress", "skirt", "trousers", "coat", "bag")
PRESENTATIONS = ("worn", "hung", "flat")  # on a mannequin; on a hanger or hook; laid on a table, seen from above
LABELS = {"upper": 1, "lower": 2, "dress": 3, "outer": 4, "bag": 5}  # the mask's value of a kind's cloth
LABEL_OF = {
    **dict.fromkeys(("t-shirt", "shirt", "sweater", "hoodie"), "upper"),
    **dict.fromkeys(("skirt", "trousers"), "lower"),
    **{"dress": "dress", "coat": "outer", "bag": "bag"},
}
