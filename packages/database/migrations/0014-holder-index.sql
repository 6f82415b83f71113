-- replicas: 0009
-- statements: one by one
-- A repeated assign looks for the process that its executor got under the same assign id. By the holder alone it would
-- read all that the executor holds, which may be 100 000. A hash, since an assign id may have any length.
drop index concurrently if exists live_holder_next;
create index concurrently live_holder_next on live (colony, holder, hashtext(assign_id)) where holder is not null;
drop index concurrently if exists live_holder;
alter index live_holder_next rename to live_holder;
