"""Limits of the Logging API for its readers, and BigQuery's prices."""

# "The maximum length of a filter is 20,000 characters": ListLogEntriesRequest, google/logging/v2/logging.proto.
FILTER_CHARACTERS = 20_000

# "If the value is negative or exceeds 1000, the request is rejected": the same, page_size.
PAGE_SIZE = 1_000

# The documentation names no number but refers to the console (https://docs.cloud.google.com/logging/quotas). Refusals
# that were published say `ReadRequestsPerMinutePerProject` with `quota_limit_value` 60
# (github.com/snarfed/bridgy-fed/issues/620) or 120 (github.com/DefangLabs/defang/issues/1268).
READ_REQUESTS_A_MINUTE = 60

# On-demand, in most locations, since July 2023; the first TiB of a month is free: cloud.google.com/bigquery/pricing,
# here second-hand from adriennevermorel.com/notes/bigquery-on-demand-billing-mechanics, read 2026-11-23.
DOLLARS_A_TIB = 6.25
TIB = 2**40
