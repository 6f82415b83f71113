package main

import (
	"context"
	"errors"
	"time"

	"github.com/colonyos/colonies/pkg/core"
)

var processChecks = []check{
	{"Submit",
		func() {
			by := newMember()
			spec := by.spec("echo")
			spec.Args = []any{"é <&>", 7.0, true, nil}
			spec.KwArgs = map[string]any{"deep": map[string]any{"key": "value"}}
			spec.Env["NAME"] = "value"
			spec.Label = "a label"
			spec.Conditions.Dependencies = []string{}
			spec.Conditions.CPU, spec.Conditions.Memory, spec.Conditions.Storage = "500m", "64Mi", "10Mi"
			spec.Conditions.GPU = core.GPU{Name: "", Memory: "10Mi"}
			spec.Priority = 3
			submitted := must(server.Submit(spec, by.key))
			equal(submitted.State, core.WAITING)
			equal(submitted.InitiatorID, by.id())
			equal(must(submitted.FunctionSpec.ToJSON()), must(spec.ToJSON()))
		},
		func() {
			by := newMember()
			denied(server.Submit(by.spec("echo"), stranger))
			denied(server.Submit(newMemberPending().spec("echo"), newMemberPending().key))
			nowhere := by.spec("echo")
			nowhere.Conditions.ColonyName = newName("colony")
			denied(server.Submit(nowhere, by.key))
		}},
	{"Assign",
		func() {
			by := newMember()
			submitted := by.submit()
			assigned := must(server.Assign(ours.name, 10, "4000m", "16Gi", by.key))
			equal(assigned.ID, submitted.ID)
			equal(assigned.AssignedExecutorID, by.id())
			equal(assigned.State, core.RUNNING)
		},
		func() {
			by := newMember()
			refused(404, "No process available for assignment")(server.Assign(ours.name, 1, "", "", by.key))
			denied(server.Assign(ours.name, 1, "", "", stranger))
		}},
	{"AssignWithContext",
		func() {
			by := newMember()
			submitted := by.submit()
			assigned := must(server.AssignWithContext(ours.name, 10, context.Background(), "", "", by.key))
			equal(assigned.ID, submitted.ID)
		},
		func() {
			by := newMember()
			soon, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
			defer cancel()
			_, err := server.AssignWithContext(ours.name, 20, soon, "", "", by.key)
			holds(errors.Is(err, context.DeadlineExceeded), "it waits no longer than it was told")
			by.submit()
			by.assign() // whoever gave up takes no process away
		}},
	{"GetProcess",
		func() {
			by := newMember()
			submitted := by.submit()
			holds(submitted.Equals(must(server.GetProcess(submitted.ID, by.key))), "it is the one that was submitted")
		},
		func() {
			by := newMember()
			denied(server.GetProcess(by.submit().ID, stranger))
			missing(server.GetProcess(unknownID, by.key))
		}},
	{"Close",
		func() {
			by := newMember()
			process := by.running()
			done(server.Close(process.ID, by.key))
			equal(by.state(process.ID), core.SUCCESS)
		},
		func() {
			by, other := newMember(), newMember()
			process := by.running()
			refused(403, "")(server.Close(process.ID, other.key))
			denied(server.Close(process.ID, stranger))
			missing(server.Close(unknownID, by.key))
			refused(403, "")(server.Close(by.submit().ID, by.key))
		}},
	{"CloseWithContext",
		func() {
			by := newMember()
			process := by.running()
			done(server.CloseWithContext(process.ID, context.Background(), by.key))
			equal(by.state(process.ID), core.SUCCESS)
		},
		func() {
			by := newMember()
			process := by.running()
			gone, cancel := context.WithCancel(context.Background())
			cancel()
			holds(errors.Is(server.CloseWithContext(process.ID, gone, by.key), context.Canceled), "it is not sent")
			equal(by.state(process.ID), core.RUNNING)
		}},
	{"CloseWithOutput",
		func() {
			by := newMember()
			process := by.running()
			done(server.CloseWithOutput(process.ID, []any{"text", 7.0, map[string]any{"key": "value"}}, by.key))
			closed := must(server.GetProcess(process.ID, by.key))
			equal(closed.State, core.SUCCESS)
			equal(closed.Output[0].(string), "text")
			equal(closed.Output[2].(map[string]any)["key"].(string), "value")
		},
		func() { denied(server.CloseWithOutput(newMember().running().ID, []any{"text"}, stranger)) }},
	{"Fail",
		func() {
			by := newMember()
			process := by.running()
			done(server.Fail(process.ID, []string{"no disk", "no luck"}, by.key))
			failed := must(server.GetProcess(process.ID, by.key))
			equal(failed.State, core.FAILED)
			equal(failed.Errors[1], "no luck")
		},
		func() {
			by, other := newMember(), newMember()
			process := by.running()
			refused(403, "")(server.Fail(process.ID, []string{"not mine"}, other.key))
			missing(server.Fail(unknownID, []string{"nowhere"}, by.key))
		}},
	{"SetOutput",
		func() {
			by := newMember()
			process := by.running()
			done(server.SetOutput(process.ID, []any{"so far"}, by.key))
			equal(must(server.GetProcess(process.ID, by.key)).Output[0].(string), "so far")
			done(server.Close(process.ID, by.key))
			equal(must(server.GetProcess(process.ID, by.key)).Output[0].(string), "so far")
		},
		func() {
			by, other := newMember(), newMember()
			refused(403, "")(server.SetOutput(by.running().ID, []any{"not mine"}, other.key))
			missing(server.SetOutput(unknownID, []any{"nowhere"}, by.key))
		}},
	{"CancelProcess",
		func() {
			by := newMember()
			process := by.submit()
			done(server.CancelProcess(process.ID, by.key))
			equal(by.state(process.ID), core.CANCELLED)
		},
		func() {
			by := newMember()
			denied(server.CancelProcess(by.submit().ID, stranger))
			missing(server.CancelProcess(unknownID, by.key))
		}},
	{"RemoveProcess",
		func() {
			by := newMember()
			process := by.submit()
			done(server.RemoveProcess(process.ID, by.key))
			missing(server.GetProcess(process.ID, by.key))
		},
		func() {
			by := newMember()
			denied(server.RemoveProcess(by.submit().ID, stranger))
			missing(server.RemoveProcess(unknownID, by.key))
		}},
	{"RemoveAllProcesses",
		func() {
			by := newColony().newMember()
			by.running()
			by.submit()
			done(server.RemoveAllProcesses(by.colony.name, by.colony.key))
			equal(must(server.ColonyStatistics(by.colony.name, by.key)).WaitingProcesses, 0)
		},
		func() { denied(server.RemoveAllProcesses(ours.name, newMember().key)) }},
	{"RemoveAllProcessesWithState",
		func() {
			by := newColony().newMember()
			running, waiting := by.running(), by.submit()
			done(server.RemoveAllProcessesWithState(by.colony.name, core.WAITING, by.colony.key))
			missing(server.GetProcess(waiting.ID, by.key))
			equal(by.state(running.ID), core.RUNNING)
		},
		func() {
			denied(server.RemoveAllProcessesWithState(ours.name, core.WAITING, newMember().key))
			refused(400, "")(server.RemoveAllProcessesWithState(ours.name, 17, ours.key))
		}},
}
