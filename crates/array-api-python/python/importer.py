"""Finds the modules of array_api_rust that are written in Python. Their text is a part of the library's file."""

import sys
from importlib.machinery import ModuleSpec


class Importer:
    """Finds and loads modules of given texts, as Python's import system asks for it."""

    def __init__(self, sources):
        self.sources = sources

    def find_spec(self, name, path=None, target=None):
        if name not in self.sources:
            return None
        return ModuleSpec(name, self, origin=self.file(name), is_package=self.is_package(name))

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__
        exec(compile(self.sources[name], self.file(name), "exec"), module.__dict__)

    def get_source(self, name):
        """The text, for tracebacks and `inspect`."""
        return self.sources.get(name)

    def is_package(self, name):
        return any(other.startswith(name + ".") for other in self.sources)

    def file(self, name):
        """A name for tracebacks; there is no such file."""
        return name.replace(".", "/") + ("/__init__.py" if self.is_package(name) else ".py")


def install(sources):
    """Lets `import` find modules: their texts by their names."""
    sys.meta_path.append(Importer(sources))
