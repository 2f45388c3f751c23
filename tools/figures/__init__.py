# SPDX-License-Identifier: MIT
"""One module per figure: FAMILY, NUMBER, TITLE, select(frame), draw(axes, frame, paper). No I/O."""
