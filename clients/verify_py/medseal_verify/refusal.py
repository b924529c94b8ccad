"""The one exception of the package: a reason with a code of docs/formats."""


class Refusal(Exception):
    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(f"{code}: {text}" if text else code)
        self.code = code
        self.text = text


def require(condition: bool, code: str, text: str = "") -> None:
    if not condition:
        raise Refusal(code, text)
