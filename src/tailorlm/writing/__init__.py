"""What can be told from a text about how it is written, and rules that say how to write.

`mail` finds a user's own words, `traits` measures them, `rules` are wishes that can be worded, read
out of free words, and checked on a text.
"""

from tailorlm.writing._facets import Facts
from tailorlm.writing.mail import Mail, own_words, split_mail
from tailorlm.writing.rules import StyleRule, style_rules
from tailorlm.writing.traits import Traits, measure

__all__ = [
    "Facts",
    "Mail",
    "StyleRule",
    "Traits",
    "measure",
    "own_words",
    "split_mail",
    "style_rules",
]
