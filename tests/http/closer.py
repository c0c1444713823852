"""What has to be closed at the end of a test, whatever comes of it."""


class Closer:
    """Remembers what must be closed, and closes all of it, last first."""

    def __init__(self):
        self.things = []

    def add(self, thing):
        self.things.append(thing)
        return thing

    def close(self):
        failures = []
        while self.things:
            try:
                self.things.pop().close()
            except AssertionError as failure:
                failures.append(str(failure))
        assert not failures, "\n".join(failures)
