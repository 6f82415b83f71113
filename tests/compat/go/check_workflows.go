package main

import "github.com/colonyos/colonies/pkg/core"

var workflowChecks = []check{
	{"SubmitWorkflowSpec",
		func() {
			by := newMember()
			graph := by.submitWorkflow("a", "b")
			equal(graph.State, core.WAITING)
			equal(len(graph.ProcessIDs), 2)
			by.run("from a")
			equal(by.run("from b").Input[0].(string), "from a")
			equal(must(server.GetProcessGraph(graph.ID, by.key)).State, core.SUCCESS)
		},
		func() {
			by := newMember()
			denied(server.SubmitWorkflowSpec(by.workflow("a"), stranger))
			broken := by.workflow("a", "b")
			broken.FunctionSpecs[1].Conditions.Dependencies = []string{"nowhere"}
			refused(400, "")(server.SubmitWorkflowSpec(broken, by.key))
			refused(400, "")(server.SubmitWorkflowSpec(by.workflow(), by.key))
		}},
	{"AddChild",
		func() {
			by := newMember()
			graph := by.submitWorkflow("a", "b")
			parent := by.assign()
			child := must(server.AddChild(graph.ID, parent.ID, "", by.spec("c"), false, by.key))
			equal(child.Parents[0], parent.ID)
			equal(len(must(server.GetProcessGraph(graph.ID, by.key)).ProcessIDs), 3)
		},
		func() {
			by, other := newMember(), newMember()
			graph := by.submitWorkflow("a")
			parent := by.assign()
			refused(403, "")(server.AddChild(graph.ID, parent.ID, "", by.spec("c"), false, other.key))
			refused(404, "does not belong")(server.AddChild(unknownID, parent.ID, "", by.spec("c"), false, by.key))
		}},
	{"GetProcessGraph",
		func() {
			by := newMember()
			graph := must(server.GetProcessGraph(by.submitWorkflow("a", "b").ID, by.key))
			equal(len(graph.Nodes), 2)
			equal(len(graph.Edges), 1)
			equal(graph.InitiatorName, by.name)
		},
		func() {
			by := newMember()
			denied(server.GetProcessGraph(by.submitWorkflow("a").ID, stranger))
			missing(server.GetProcessGraph(unknownID, by.key))
		}},
	{"CancelProcessGraph",
		func() {
			by := newMember()
			graph := by.submitWorkflow("a", "b")
			done(server.CancelProcessGraph(graph.ID, by.key))
			equal(must(server.GetProcessGraph(graph.ID, by.key)).State, core.CANCELLED)
		},
		func() {
			by := newMember()
			denied(server.CancelProcessGraph(by.submitWorkflow("a").ID, stranger))
			missing(server.CancelProcessGraph(unknownID, by.key))
		}},
	{"RemoveProcessGraph",
		func() {
			by := newMember()
			graph := by.submitWorkflow("a")
			done(server.RemoveProcessGraph(graph.ID, by.key))
			missing(server.GetProcessGraph(graph.ID, by.key))
		},
		func() {
			by := newMember()
			denied(server.RemoveProcessGraph(by.submitWorkflow("a").ID, stranger))
			missing(server.RemoveProcessGraph(unknownID, by.key))
		}},
	{"RemoveAllProcessGraphs",
		func() {
			by := newColony().newMember()
			by.submitWorkflow("a")
			done(server.RemoveAllProcessGraphs(by.colony.name, by.colony.key))
			equal(len(must(server.GetWaitingProcessGraphs(by.colony.name, 10, by.key))), 0)
		},
		func() { denied(server.RemoveAllProcessGraphs(ours.name, newMember().key)) }},
	{"RemoveAllProcessGraphsWithState",
		func() {
			by := newColony().newMember()
			first := by.submitWorkflow("a")
			by.assign()
			by.submitWorkflow("a")
			done(server.RemoveAllProcessGraphsWithState(by.colony.name, core.WAITING, by.colony.key))
			equal(len(must(server.GetWaitingProcessGraphs(by.colony.name, 10, by.key))), 0)
			must(server.GetProcessGraph(first.ID, by.key))
		},
		func() { denied(server.RemoveAllProcessGraphsWithState(ours.name, core.WAITING, newMember().key)) }},
}

type listGraphs func(colonyName string, count int, key string) ([]*core.ProcessGraph, error)

var workflowListChecks = []check{
	{"GetWaitingProcessGraphs", listsGraphs(server.GetWaitingProcessGraphs, func(member, *core.ProcessGraph) {}),
		listsGraphsRefused(server.GetWaitingProcessGraphs)},
	{"GetRunningProcessGraphs",
		listsGraphs(server.GetRunningProcessGraphs, func(by member, _ *core.ProcessGraph) { by.assign() }),
		listsGraphsRefused(server.GetRunningProcessGraphs)},
	{"GetSuccessfulProcessGraphs",
		listsGraphs(server.GetSuccessfulProcessGraphs, func(by member, _ *core.ProcessGraph) { by.run() }),
		listsGraphsRefused(server.GetSuccessfulProcessGraphs)},
	{"GetFailedProcessGraphs",
		listsGraphs(server.GetFailedProcessGraphs, func(by member, _ *core.ProcessGraph) {
			done(server.Fail(by.assign().ID, []string{"no"}, by.key))
		}),
		listsGraphsRefused(server.GetFailedProcessGraphs)},
	{"GetCancelledProcessGraphs",
		listsGraphs(server.GetCancelledProcessGraphs, func(by member, graph *core.ProcessGraph) {
			done(server.CancelProcessGraph(graph.ID, by.key))
		}),
		listsGraphsRefused(server.GetCancelledProcessGraphs)},
}

// listsGraphs checks that a list has the graph that was brought into its state.
func listsGraphs(list listGraphs, bring func(by member, graph *core.ProcessGraph)) func() {
	return func() {
		by := newMember()
		graph := by.submitWorkflow("a")
		bring(by, graph)
		found := must(list(ours.name, 100, by.key))
		holds(has(found, func(each *core.ProcessGraph) bool { return each.ID == graph.ID }), "the graph is listed")
	}
}

func listsGraphsRefused(list listGraphs) func() {
	return func() {
		denied(list(ours.name, 100, stranger))
		refused(400, "Count")(list(ours.name, 1_000_000, newMember().key))
	}
}
