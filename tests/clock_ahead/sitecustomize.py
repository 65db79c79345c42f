"""A clock that is ahead, for a Python that finds this folder on its path: by CLOCK_AHEAD_DAYS.

A stand-in for libfaketime, under which waits for a moment can fail. Only what asks for the date and time is changed;
clocks that measure, and other programs, are left alone.
"""

import datetime
import os
import time

_SECONDS = float(os.environ["CLOCK_AHEAD_DAYS"]) * 86_400
_time, _time_ns = time.time, time.time_ns
_Date, _DateTime = datetime.date, datetime.datetime


class _AsBefore(type):
    """What was a date or a time before is one still."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.__mro__[1])


class _AheadDate(_Date, metaclass=_AsBefore):
    @classmethod
    def today(cls) -> _Date:
        return _Date.fromtimestamp(time.time())


class _AheadDateTime(_DateTime, metaclass=_AsBefore):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> _DateTime:
        return _DateTime.fromtimestamp(time.time(), tz)

    @classmethod
    def today(cls) -> _DateTime:
        return cls.now()

    @classmethod
    def utcnow(cls) -> _DateTime:
        return cls.now(datetime.UTC).replace(tzinfo=None)


time.time = lambda: _time() + _SECONDS
time.time_ns = lambda: _time_ns() + int(_SECONDS * 1e9)
datetime.date, datetime.datetime = _AheadDate, _AheadDateTime  # type: ignore[misc]
