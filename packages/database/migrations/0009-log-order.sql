-- The time of the last line in the logs of a colony. Who adds lines gives them their times while it holds this row, until
-- its commit: lines are seen in the order of their times, whichever replica took them, also when a clock was set back.
create table log_clocks (
  colony  int primary key,
  -- Unix time in ns.
  last_ns bigint not null
) with (fillfactor = 50);
