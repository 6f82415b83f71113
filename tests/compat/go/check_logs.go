package main

import "github.com/colonyos/colonies/pkg/core"

var attributeChecks = []check{
	{"AddAttribute",
		func() {
			by := newMember()
			process := by.running()
			added := must(server.AddAttribute(attributeOf(process, "key"), by.key))
			equal(added.Key, "key")
			equal(must(server.GetProcess(process.ID, by.key)).Attributes[0].Value, "value")
		},
		func() {
			by, other := newMember(), newMember()
			process := by.running()
			denied(server.AddAttribute(attributeOf(process, "key"), stranger))
			refused(403, "")(server.AddAttribute(attributeOf(process, "key"), other.key))
		}},
	{"GetAttribute",
		func() {
			by := newMember()
			process := by.running()
			added := must(server.AddAttribute(attributeOf(process, "key"), by.key))
			equal(must(server.GetAttribute(added.ID, by.key)).TargetID, process.ID)
		},
		func() {
			by := newMember()
			added := must(server.AddAttribute(attributeOf(by.running(), "key"), by.key))
			denied(server.GetAttribute(added.ID, stranger))
			missing(server.GetAttribute(unknownID, by.key))
		}},
}

func attributeOf(process *core.Process, key string) core.Attribute {
	return core.CreateAttribute(process.ID, ours.name, "", core.OUT, key, "value")
}

var logChecks = []check{
	{"AddLog",
		func() {
			by, process := newLogged("line <é>\n")
			equal(must(server.GetLogsByProcess(ours.name, process, 10, by.key))[0].Message, "line <é>\n")
		},
		func() {
			by, other := newMember(), newMember()
			refused(403, "")(server.AddLog(by.running().ID, "not mine", other.key))
			missing(server.AddLog(unknownID, "nowhere", by.key))
		}},
	{"AddLogToExecutor",
		func() {
			by := newMember()
			done(server.AddLogToExecutor(ours.name, by.name, "it starts", by.key))
			equal(must(server.GetLogsByExecutor(ours.name, by.name, 10, by.key))[0].Message, "it starts")
		},
		func() {
			by, other := newMember(), newMember()
			refused(403, "")(server.AddLogToExecutor(ours.name, by.name, "not me", other.key))
		}},
	{"GetLogsByProcess",
		func() {
			by, process := newLogged("one", "two")
			messages(must(server.GetLogsByProcess(ours.name, process, 10, by.key)), "one", "two")
		},
		func() {
			by, process := newLogged("one")
			denied(server.GetLogsByProcess(ours.name, process, 10, stranger))
			refused(400, "Count")(server.GetLogsByProcess(ours.name, process, 1_000_000, by.key))
		}},
	{"GetLogsByProcessSince",
		func() {
			by, process := newLogged("one", "two")
			first := must(server.GetLogsByProcess(ours.name, process, 10, by.key))[0].Timestamp
			messages(must(server.GetLogsByProcessSince(ours.name, process, 10, first, by.key)), "two")
		},
		func() {
			_, process := newLogged("one")
			denied(server.GetLogsByProcessSince(ours.name, process, 10, 0, stranger))
		}},
	{"GetLogsByProcessLatest",
		func() {
			by, process := newLogged("one", "two", "three")
			messages(must(server.GetLogsByProcessLatest(ours.name, process, 2, by.key)), "two", "three")
		},
		func() {
			_, process := newLogged("one")
			denied(server.GetLogsByProcessLatest(ours.name, process, 10, stranger))
		}},
	{"GetLogsByExecutor",
		func() {
			by, _ := newLogged("one", "two")
			messages(must(server.GetLogsByExecutor(ours.name, by.name, 10, by.key)), "one", "two")
		},
		func() {
			by, _ := newLogged("one")
			denied(server.GetLogsByExecutor(ours.name, by.name, 10, stranger))
			missing(server.GetLogsByExecutor(ours.name, newName("executor"), 10, by.key))
		}},
	{"GetLogsByExecutorSince",
		func() {
			by, _ := newLogged("one", "two")
			first := must(server.GetLogsByExecutor(ours.name, by.name, 10, by.key))[0].Timestamp
			messages(must(server.GetLogsByExecutorSince(ours.name, by.name, 10, first, by.key)), "two")
		},
		func() { denied(server.GetLogsByExecutorSince(ours.name, newMember().name, 10, 0, stranger)) }},
	{"GetLogsByExecutorLatest",
		func() {
			by, _ := newLogged("one", "two", "three")
			messages(must(server.GetLogsByExecutorLatest(ours.name, by.name, 2, by.key)), "two", "three")
		},
		func() { denied(server.GetLogsByExecutorLatest(ours.name, newMember().name, 10, stranger)) }},
	{"SearchLogs",
		func() {
			needle := newName("needle")
			by, _ := newLogged("hay", "hay "+needle+" hay")
			messages(must(server.SearchLogs(ours.name, needle, 1, 10, by.key)), "hay "+needle+" hay")
		},
		func() {
			by := newMember()
			denied(server.SearchLogs(ours.name, "hay", 1, 10, stranger))
			refused(400, "")(server.SearchLogs(ours.name, "hay", 31, 10, by.key))
			refused(400, "")(server.SearchLogs(ours.name, "hay", 1, 101, by.key))
		}},
}

// newLogged gives a running process, by its id, with these lines in its log.
func newLogged(lines ...string) (member, string) {
	by := newMember()
	process := by.running()
	for _, line := range lines {
		done(server.AddLog(process.ID, line, by.key))
	}
	return by, process.ID
}

func messages(logs []*core.Log, wanted ...string) {
	equal(len(logs), len(wanted))
	for at, line := range logs {
		equal(line.Message, wanted[at])
	}
}
