"""Bounded waiting: asks again until the answer is true, and says what the last answer was."""

import time


def until(question, seconds=30, every=0.25, what="the condition"):
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {seconds} s; the last was {answer!r}")
        time.sleep(every)
