from typing import Any

class Array:
    def __getattr__(self, name: str) -> Any: ...

# The functions of the standard.
def __getattr__(name: str) -> Any: ...
