# SPDX-License-Identifier: MIT
"""The one exception that reaches the user, as one line with its remedy."""

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


class ToolError(Exception):
    """Something that the user can act on; `code` becomes the exit status."""

    def __init__(self, message: str, remedy: str = "", code: int = FAILED) -> None:
        super().__init__(f"{message}; {remedy}" if remedy else message)
        self.code = code


class UsageError(ToolError):
    """The command line asks for something that does not exist."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy, USAGE)
