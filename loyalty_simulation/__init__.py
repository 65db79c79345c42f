"""The logs of a living system: real Celery 5 tasks and a stand-in for the loyalty module, logging through the real
StructuredLogHandler, on a simulated clock, with faults on demand.

What is real: the Celery application, its worker (in this process, solo pool, memory broker), every task run,
retry and failure with the lines Celery writes about them, Python's logging, StructuredLogHandler.
What is simulated: the time, the world (customers, Apple, Google, SMTP), and GKE's logging agent
(`loyalty_monitoring/common/logging_agent.py`), which makes an entry of each printed line.

- `story.py`: all of it together; `output.py`: from entries to files
- `faults.py`: what can break and what must open then, as a table; `timeline.py`: when it breaks
- `clock.py`: the time
- `loyalty_module.py`: what logs (one function an event of the log contract); `tasks.py`: the Celery tasks
- `worker.py`: the real worker, put on the simulated clock; `broker.py`: how tasks come to it
- `console.py`: with the logging agent, from a log record to a LogEntry
- `living_system.py`: what happens when (`rhythm.py`: the hours of customers; `visits.py`: what they do);
  `world.py`, `wallets.py`, `programs.py`: what the tasks work on; `merchants.py`: to whom it happens;
  `pods.py`: where it runs; `other_modules.py`: who else logs

The same seed gives the same bytes. For that, task ids are drawn from the seed, insertIds are a sequence, and
Celery measures runtimes with the simulated clock (`build_tracer(monotonic=...)`, its own parameter): the
runtimes in its lines are those of the story, 38 s for a night's expiration, not the microseconds of this process.

Celery and google-cloud-logging take half a second to import: `faults.py` and `output.py` do without them.
"""
