"""What cannot be told by test/clients, where no body runs in the main thread."""

from __future__ import annotations

import functools
import signal
import subprocess
import threading
import time
import unittest
from types import FunctionType

from callme import Interrupted
from callme._interrupt import interrupter

# Longer than anything takes here, in seconds.
LONG = 30


class InMainThread(unittest.TestCase):
    def test_breaks_a_blocking_call(self) -> None:
        for block in (
            lambda: time.sleep(LONG),
            lambda: threading.Event().wait(LONG),
            lambda: subprocess.run(["sleep", str(LONG)], check=True),
        ):
            one = interrupter()
            one.arm()
            try:
                with self.assertRaises(Interrupted):
                    one.fire()
                    block()
            finally:
                one.disarm()

    def test_fired_before_it_is_armed_it_waits(self) -> None:
        one = interrupter()
        one.fire()
        time.sleep(0.1)
        try:
            with self.assertRaises(Interrupted):
                one.arm()
                time.sleep(LONG)
        finally:
            one.disarm()

    def test_leaves_the_signal_as_it_was(self) -> None:
        seen = []
        before = signal.signal(signal.SIGURG, lambda *_: seen.append(1))
        try:
            one = interrupter()
            one.arm()
            signal.raise_signal(signal.SIGURG)
            one.disarm()
            signal.raise_signal(signal.SIGURG)
            self.assertEqual(seen, [1, 1])
        finally:
            signal.signal(signal.SIGURG, before)

    def test_never_comes_after_it_is_disarmed(self) -> None:
        for _ in range(50):
            one = interrupter()
            one.arm()
            try:
                one.fire()
                one.disarm()
            except Interrupted:
                one.disarm()
            one.fire()
        time.sleep(0.1)

    def test_the_outer_one_interrupts_through_the_inner_one(self) -> None:
        outer, inner = interrupter(), interrupter()
        outer.arm()
        inner.arm()
        try:
            with self.assertRaises(Interrupted):
                outer.fire()
                time.sleep(LONG)
        finally:
            inner.disarm()
            outer.disarm()
        self.assertIs(signal.getsignal(signal.SIGURG), signal.SIG_DFL)


class InAnotherThread(unittest.TestCase):
    def test_comes_between_two_steps(self) -> None:
        armed, seen = threading.Event(), []
        made = []

        def body() -> None:
            made.append(interrupter())
            made[0].arm()
            try:
                armed.set()
                while True:
                    time.sleep(0.001)
            except Interrupted:
                seen.append(1)
            finally:
                made[0].disarm()

        thread = threading.Thread(target=body)
        thread.start()
        armed.wait()
        made[0].fire()
        thread.join()
        made[0].fire()
        self.assertEqual(seen, [1])

    def test_never_comes_on_the_way_out_of_a_body(self) -> None:
        def body() -> None:
            one = interrupter()
            one.arm()
            names = {"__name__": "callme._hold", "slow": slow, "done": done}
            leaving = FunctionType(compile("slow()\ndone.append(1)", "_hold", "exec"), names)
            threading.Timer(0.05, one.fire).start()
            leaving()
            one.disarm()

        done: list[int] = []
        slow = functools.partial(time.sleep, 0.3)
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        self.assertEqual(done, [1])

    def test_one_that_was_not_raised_so_far_is_taken_back(self) -> None:
        def body() -> None:
            for _ in range(50):
                one = interrupter()
                one.arm()
                try:
                    threading.Thread(target=one.fire).start()
                    one.disarm()
                except Interrupted:
                    one.disarm()
            time.sleep(0.05)
            done.append(1)

        done: list[int] = []
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        self.assertEqual(done, [1])
