package main

import "github.com/colonyos/colonies/pkg/core"

var executorChecks = []check{
	{"AddExecutor",
		func() {
			by := member{colony: ours, name: newName("executor"), key: newKey()}
			added := must(server.AddExecutor(by.executor(), ours.key))
			equal(added.ID, by.id())
			holds(added.IsPending(), "it waits for approval")
		},
		func() {
			by := newMember()
			refused(400, "already exists")(server.AddExecutor(by.executor(), ours.key))
			other := member{colony: ours, name: newName("executor"), key: newKey()}
			denied(server.AddExecutor(other.executor(), by.key))
		}},
	{"ApproveExecutor",
		func() {
			by := newMemberPending()
			done(server.ApproveExecutor(ours.name, by.name, ours.key))
			holds(by.get().IsApproved(), "it is approved")
			done(server.ApproveExecutor(ours.name, by.name, ours.key))
		},
		func() {
			by := newMemberPending()
			denied(server.ApproveExecutor(ours.name, by.name, by.key))
			missing(server.ApproveExecutor(ours.name, newName("executor"), ours.key))
		}},
	{"RejectExecutor",
		func() {
			by, other := newMember(), newMember()
			done(server.RejectExecutor(ours.name, by.name, ours.key))
			holds(must(server.GetExecutor(ours.name, by.name, other.key)).IsRejected(), "it is rejected")
			denied(server.Submit(by.spec("echo"), by.key))
		},
		func() {
			by := newMember()
			denied(server.RejectExecutor(ours.name, by.name, by.key))
			missing(server.RejectExecutor(ours.name, newName("executor"), ours.key))
		}},
	{"RemoveExecutor",
		func() {
			by := newMember()
			done(server.RemoveExecutor(ours.name, by.name, ours.key))
			denied(server.Submit(by.spec("echo"), by.key))
		},
		func() {
			by := newMember()
			denied(server.RemoveExecutor(ours.name, by.name, by.key))
			missing(server.RemoveExecutor(ours.name, newName("executor"), ours.key))
		}},
	{"GetExecutor",
		func() { holds(newMember().get().IsApproved(), "it is approved") },
		func() {
			by := newMember()
			denied(server.GetExecutor(ours.name, by.name, stranger))
			missing(server.GetExecutor(ours.name, newName("executor"), by.key))
		}},
	{"GetExecutorByID",
		func() {
			by := newMember()
			equal(must(server.GetExecutorByID(ours.name, by.id(), by.key)).Name, by.name)
		},
		func() {
			by := newMember()
			denied(server.GetExecutorByID(ours.name, by.id(), stranger))
			missing(server.GetExecutorByID(ours.name, unknownID, by.key))
		}},
	{"GetExecutors",
		func() {
			by := newColony().newMember()
			equal(len(must(server.GetExecutors(by.colony.name, by.key))), 1)
		},
		func() { denied(server.GetExecutors(ours.name, stranger)) }},
	{"ChangeExecutorID",
		func() {
			by := newMember()
			next := newKey()
			done(server.ChangeExecutorID(ours.name, idOf(next), by.key))
			denied(server.Submit(by.spec("echo"), by.key))
			must(server.Submit(by.spec("echo"), next))
		},
		func() {
			denied(server.ChangeExecutorID(ours.name, idOf(newKey()), stranger))
			refused(400, "64")(server.ChangeExecutorID(ours.name, "short", newMember().key))
		}},
	{"UpdateExecutorCapabilities",
		func() {
			by := newMember()
			capabilities := core.Capabilities{
				Hardware: []core.Hardware{{Model: "edge", CPU: "4000m", Memory: "16Gi"}},
				Software: []core.Software{{Name: "render", Type: "container", Version: "1.0"}},
			}
			done(server.UpdateExecutorCapabilities(ours.name, by.name, capabilities, by.key))
			found := by.get().Capabilities
			equal(found.Hardware[0].Model, "edge")
			equal(found.Software[0].Name, "render")
		},
		func() {
			by, other := newMember(), newMember()
			refused(403, "")(server.UpdateExecutorCapabilities(ours.name, by.name, core.Capabilities{}, other.key))
			denied(server.UpdateExecutorCapabilities(ours.name, by.name, core.Capabilities{}, stranger))
		}},
	{"ReportAllocation",
		func() {
			by := newMember()
			project := core.Project{AllocatedCPU: 100, UsedCPU: 40, AllocatedGPU: 8, UsedGPU: 1}
			allocations := core.Allocations{Projects: map[string]core.Project{"climate": project}}
			done(server.ReportAllocation(ours.name, by.name, allocations, by.key))
			equal(by.get().Allocations.Projects["climate"], project)
		},
		func() {
			by, other := newMember(), newMember()
			refused(403, "")(server.ReportAllocation(ours.name, by.name, core.Allocations{}, other.key))
			denied(server.ReportAllocation(ours.name, by.name, core.Allocations{}, stranger))
		}},
}

func (by member) get() *core.Executor {
	return must(server.GetExecutor(by.colony.name, by.name, by.key))
}

var serverChecks = []check{
	{"CheckHealth", func() { done(server.CheckHealth()) },
		func() { holds(unreachable().CheckHealth() != nil, "a server that is not there is not healthy") }},
	{"Version",
		func() {
			version, _, err := server.Version()
			done(err)
			holds(version != "", "it has a version")
		},
		func() {
			_, _, err := unreachable().Version()
			holds(err != nil, "a server that is not there has no version")
		}},
	{"GetServerInfo",
		func() { equal(must(server.GetServerInfo()).Backends[0].Type, "http") },
		func() {
			_, err := unreachable().GetServerInfo()
			holds(err != nil, "a server that is not there tells nothing")
		}},
	{"GetClusterInfo",
		func() { holds(len(must(server.GetClusterInfo(serverKey)).Nodes) > 0, "there is a node") },
		func() { denied(server.GetClusterInfo(ours.key)) }},
	{"Statistics",
		func() { holds(must(server.Statistics(serverKey)).Colonies > 0, "there are colonies") },
		func() { denied(server.Statistics(ours.key)) }},
	{"ChangeServerID",
		func() {
			next := newKey()
			done(server.ChangeServerID(idOf(next), serverKey))
			denied(server.GetColonies(serverKey))
			done(server.ChangeServerID(idOf(serverKey), next))
			must(server.GetColonies(serverKey))
		},
		func() {
			denied(server.ChangeServerID(idOf(newKey()), stranger))
			refused(400, "64")(server.ChangeServerID("short", serverKey))
		}},
}
