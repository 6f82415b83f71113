package main

import "github.com/colonyos/colonies/pkg/core"

// listProcesses is what the client's five lists of processes have in common.
type listProcesses func(colonyName, executorType, label, initiator string, count int, key string) ([]*core.Process, error)

var processListChecks = []check{
	{"GetWaitingProcesses", lists(server.GetWaitingProcesses, nothing), listsRefused(server.GetWaitingProcesses)},
	{"GetRunningProcesses", lists(server.GetRunningProcesses, running), listsRefused(server.GetRunningProcesses)},
	{"GetSuccessfulProcesses", lists(server.GetSuccessfulProcesses, successful), listsRefused(server.GetSuccessfulProcesses)},
	{"GetFailedProcesses", lists(server.GetFailedProcesses, failed), listsRefused(server.GetFailedProcesses)},
	{"GetCancelledProcesses", lists(server.GetCancelledProcesses, cancelled), listsRefused(server.GetCancelledProcesses)},
	{"GetProcessHistForColony",
		func() {
			by := newMember()
			by.submit()
			process := by.run()
			found := must(server.GetProcessHistForColony(core.SUCCESS, ours.name, 60, by.key))
			holds(has(found, sameProcess(process)), "it is in the history of the colony")
		},
		func() { denied(server.GetProcessHistForColony(core.SUCCESS, ours.name, 60, stranger)) }},
	{"GetProcessHistForExecutor",
		func() {
			by, other := newMember(), newMember()
			by.submit()
			process := by.run()
			found := must(server.GetProcessHistForExecutor(core.SUCCESS, ours.name, by.id(), 60, by.key))
			holds(len(found) == 1 && sameProcess(process)(found[0]), "it alone is in the history of the executor")
			equal(len(must(server.GetProcessHistForExecutor(core.SUCCESS, ours.name, other.id(), 60, by.key))), 0)
		},
		func() {
			by := newMember()
			denied(server.GetProcessHistForExecutor(core.SUCCESS, ours.name, by.id(), 60, stranger))
		}},
}

// lists checks that a list has the process that was brought into its state, and that all its filters work.
func lists(list listProcesses, bring func(by member, process *core.Process)) func() {
	return func() {
		by := newMember()
		user, key := newUser()
		process := must(server.Submit(by.spec("echo"), key))
		bring(by, process)
		for _, initiator := range []string{"", user.Name} {
			for _, executorType := range []string{"", by.name} {
				found := must(list(ours.name, executorType, "", initiator, 100, by.key))
				holds(has(found, sameProcess(process)), "the process is listed")
			}
		}
		equal(len(must(list(ours.name, by.name, "another label", "", 100, by.key))), 0)
		equal(len(must(list(ours.name, newName("executor"), "", "", 100, by.key))), 0)
	}
}

func listsRefused(list listProcesses) func() {
	return func() {
		denied(list(ours.name, "", "", "", 100, stranger))
		refused(400, "Count")(list(ours.name, "", "", "", 1_000_000, newMember().key))
	}
}

func sameProcess(wanted *core.Process) func(*core.Process) bool {
	return func(each *core.Process) bool { return each.ID == wanted.ID }
}

func nothing(member, *core.Process) {}

func running(by member, _ *core.Process) { by.assign() }

func successful(by member, _ *core.Process) { by.run() }

func failed(by member, _ *core.Process) {
	done(server.Fail(by.assign().ID, []string{"no"}, by.key))
}

func cancelled(by member, process *core.Process) {
	done(server.CancelProcess(process.ID, by.key))
}
