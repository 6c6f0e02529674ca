"""The one error that means "what you gave us is wrong", as opposed to "we are broken"."""


class BadInput(ValueError):
    """Input a person can mend.

    The message is one clear sentence that names the offending value and says what would be right.
    The command line prints it alone and exits with code 2.
    """
