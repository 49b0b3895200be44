"""How lines dial numbers and show callers: national, international, E.164; each country by rows written by hand.

The figures are those that people of the country know by heart; they do not come from the product's table.
"""

from __future__ import annotations

import pytest

from firmware.lines.caller_rules import WITHHELD, CallerRules
from firmware.pbx.trunk_routes import OutboundRoute
from firmware.telephony.countries import country_names, load_country

# country, E.164, as dialled at home, as dialled with country code, something short
ROWS = [
    ("ae", "+97142345678", "042345678", "0097142345678", "999"),
    ("ar", "+541143210987", "01143210987", "00541143210987", "107"),
    ("at", "+4315123456", "015123456", "004315123456", "144"),
    ("au", "+61291234567", "0291234567", "001161291234567", "000"),
    ("be", "+3225551234", "025551234", "003225551234", "112"),
    ("bg", "+35929123456", "029123456", "0035929123456", "112"),
    ("br", "+551132109876", "01132109876", "00551132109876", "190"),
    ("ch", "+41446681800", "0446681800", "0041446681800", "117"),
    ("cl", "+56223456789", "223456789", "0056223456789", "133"),
    ("cn", "+861062345678", "01062345678", "00861062345678", "110"),
    ("co", "+576012345678", "6012345678", "00576012345678", "123"),
    ("cr", "+50622123456", "22123456", "0050622123456", "911"),
    ("cz", "+420224123456", "224123456", "00420224123456", "158"),
    ("de", "+493012345678", "03012345678", "00493012345678", "110"),
    ("dk", "+4533123456", "33123456", "004533123456", "114"),
    ("ee", "+3726123456", "6123456", "003726123456", "112"),
    ("es", "+34912345678", "912345678", "0034912345678", "016"),
    ("fi", "+358912345678", "0912345678", "00358912345678", "112"),
    ("fr", "+33123456789", "0123456789", "0033123456789", "3919"),
    ("gr", "+302101234567", "2101234567", "00302101234567", "166"),
    ("hu", "+3611234567", "0611234567", "003611234567", "104"),
    ("il", "+97221234567", "021234567", "0097221234567", "101"),
    ("in", "+911123456789", "01123456789", "00911123456789", "100"),
    ("it", "+390612345678", "0612345678", "00390612345678", "118"),
    ("jp", "+81312345678", "0312345678", "01081312345678", "119"),
    ("lt", "+37052123456", "052123456", "0037052123456", "112"),
    ("mo", "+85328123456", "28123456", "0085328123456", "999"),
    ("mx", "+525512345678", "5512345678", "00525512345678", "911"),
    ("my", "+60321234567", "0321234567", "0060321234567", "999"),
    ("nl", "+31201234567", "0201234567", "0031201234567", "112"),
    ("no", "+4722123456", "22123456", "004722123456", "113"),
    ("nz", "+6493001234", "093001234", "006493001234", "111"),
    ("pa", "+5072123456", "2123456", "005072123456", "104"),
    ("ph", "+6328123456", "028123456", "006328123456", "911"),
    ("pl", "+48221234567", "221234567", "0048221234567", "997"),
    ("pt", "+351211234567", "211234567", "00351211234567", "117"),
    ("ru", "+78121234567", "88121234567", "81078121234567", "02"),
    ("se", "+46812345678", "0812345678", "0046812345678", "11313"),
    ("sg", "+6561234567", "61234567", "0016561234567", "995"),
    ("th", "+6621234567", "021234567", "0016621234567", "191"),
    ("tr", "+902121234567", "02121234567", "00902121234567", "155"),
    ("tw", "+886223456789", "0223456789", "002886223456789", "110"),
    ("uk", "+442079460000", "02079460000", "00442079460000", "18000"),
    ("us", "+13125550100", "13125550100", "01113125550100", "411"),
    ("us-old", "+13125550100", "13125550100", "01113125550100", "411"),
    ("ve", "+582121234567", "02121234567", "00582121234567", "171"),
    ("za", "+27111234567", "0111234567", "0027111234567", "10111"),
]
ABROAD = {"es": "+442079460000"}
rows = pytest.mark.parametrize(("code", "world", "home", "far", "short"), ROWS, ids=[row[0] for row in ROWS])


def prefix_of(world: str, far: str) -> str:
    return far.removesuffix(world[1:])


def test_every_country_is_there() -> None:
    assert [row[0] for row in ROWS] == sorted(country_names())


@rows
def test_out(code: str, world: str, home: str, far: str, short: str) -> None:
    numbering = load_country(code).numbering
    abroad = ABROAD.get(code, "+34912345678")
    dialled = {
        form: OutboundRoute("city", "9", (), 1, "", form=form, numbering=numbering).dialled
        for form in ("as-dialled", "national", "international")
    }
    for number in (world, home, far):
        assert dialled["national"](f"9{number}") == home, number
        assert dialled["international"](f"9{number}") == far, number
    assert [dialled["as-dialled"](f"9{number}") for number in (world, home, far)] == [far, home, far]
    for of_form in dialled.values():
        assert of_form(f"9{short}") == short
        assert of_form(f"9{abroad}") == prefix_of(world, far) + abroad[1:]
        assert of_form("9*21#") == "*21#"
    added = OutboundRoute("city", "+", (), 0, "1077", form="national", numbering=numbering)
    assert added.dialled(world) == f"1077{home}"


@rows
def test_in(code: str, world: str, home: str, far: str, short: str) -> None:
    numbering = load_country(code).numbering
    shown = {
        form: CallerRules(add="9", form=form, numbering=numbering).call_back
        for form in ("as-sent", "national", "international", "e164")
    }
    for number in (world, home, far):
        assert shown["national"](number) == f"9{home}", number
        assert shown["international"](number) == f"9{far}", number
        assert shown["e164"](number) == world, number
    assert [shown["as-sent"](number) for number in (world, home, far)] == [f"9{far}", f"9{home}", f"9{far}"]
    for of_form in shown.values():
        assert (of_form(short), of_form(""), of_form(WITHHELD)) == (f"9{short}", "", WITHHELD)


@pytest.mark.parametrize(
    ("code", "sent", "world"),
    [
        ("us", "3125550100", "+13125550100"),  # the exchange sends ten digits
        ("us", "5550100", "5550100"),  # seven are a neighbour's: the area is not told
        ("uk", "79460000", "79460000"),
        ("ru", "8121234567", "+78121234567"),
        ("fr", "33123456789", "33123456789"),  # no + and no prefix: it could be anything
        ("es", "34912345678", "34912345678"),
        ("de", "3012345678", "3012345678"),
    ],
)
def test_numbers_as_some_exchanges_send_them(code: str, sent: str, world: str) -> None:
    assert load_country(code).numbering.world(sent) == world
