-- replicas: 0009
-- statements: one by one
-- The graphs that changed since they were counted. Built while others write; what is left of a build that was interrupted
-- goes first.
drop index concurrently if exists graphs_uncounted;
create index concurrently graphs_uncounted on graphs (colony, counted_state, graph_id)
  where counted_state is distinct from state;
