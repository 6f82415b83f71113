-- replicas: 0009
-- The newest migration that a replica knows; the versions that do not tell know 0009 at least. A migration that takes away
-- what older replicas use does not run while these are alive.
alter table replicas add column knows int not null default 9;
