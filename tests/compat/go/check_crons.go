package main

import (
	"time"

	"github.com/colonyos/colonies/pkg/core"
)

var cronChecks = []check{
	{"AddCron",
		func() {
			by := newMember()
			wanted := by.cron("0 0 3 * * *")
			wanted.WaitForPrevProcessGraph = true
			added := must(server.AddCron(wanted, by.key))
			equal(added.Name, wanted.Name)
			equal(added.InitiatorName, by.name)
			equal(added.WorkflowSpec, wanted.WorkflowSpec)
			equal(added.WaitForPrevProcessGraph, true)
		},
		func() {
			by := newMember()
			cron := by.cron("0 0 3 * * *")
			must(server.AddCron(cron, by.key))
			refused(400, "already exists")(server.AddCron(cron, by.key))
			refused(400, "expected exactly 6 fields")(server.AddCron(by.cron("* * * * *"), by.key))
			zero := by.cron("")
			zero.Interval = 0
			refused(400, "interval")(server.AddCron(zero, by.key))
			denied(server.AddCron(by.cron("0 0 3 * * *"), stranger))
		}},
	{"GetCron",
		func() {
			by := newMember()
			added := by.addCron("0 0 3 * * *")
			eventually("the next run is planned", func() bool {
				return must(server.GetCron(added.ID, by.key)).NextRun.After(time.Now())
			})
			holds(must(server.GetCron(added.ID, by.key)).CheckerPeriod > 0, "it tells how often crons are looked at")
		},
		func() {
			by := newMember()
			missing(server.GetCron(unknownID, by.key))
			denied(server.GetCron(by.addCron("0 0 3 * * *").ID, stranger))
		}},
	{"GetCrons",
		func() {
			by := newColony().newMember()
			equal(len(must(server.GetCrons(by.colony.name, 10, by.key))), 0)
			by.addCron("0 0 3 * * *")
			equal(len(must(server.GetCrons(by.colony.name, 10, by.key))), 1)
		},
		func() { denied(server.GetCrons(ours.name, 10, stranger)) }},
	{"RunCron",
		func() {
			by := newMember()
			added := by.addCron("0 0 3 * * *")
			equal(must(server.RunCron(added.ID, by.key)).ID, added.ID)
			equal(by.run("out").FunctionSpec.NodeName, "a")
			graph := must(server.GetCron(added.ID, by.key)).PrevProcessGraphID
			equal(must(server.GetProcessGraph(graph, by.key)).State, core.SUCCESS)
		},
		func() {
			by := newMember()
			missing(server.RunCron(unknownID, by.key))
			denied(server.RunCron(by.addCron("0 0 3 * * *").ID, stranger))
		}},
	{"RemoveCron",
		func() {
			by := newMember()
			added := by.addCron("0 0 3 * * *")
			done(server.RemoveCron(added.ID, by.key))
			missing(server.GetCron(added.ID, by.key))
		},
		func() {
			by := newMember()
			missing(server.RemoveCron(unknownID, by.key))
			denied(server.RemoveCron(by.addCron("0 0 3 * * *").ID, stranger))
		}},
}

func (by member) cron(expression string) *core.Cron {
	return core.CreateCron(by.colony.name, newName("cron"), expression, -1, false, must(by.workflow("a").ToJSON()))
}

func (by member) addCron(expression string) *core.Cron {
	return must(server.AddCron(by.cron(expression), by.key))
}

var generatorChecks = []check{
	{"AddGenerator",
		func() {
			by := newMember()
			wanted := by.generator(3)
			added := must(server.AddGenerator(wanted, by.key))
			equal(added.Name, wanted.Name)
			equal(added.Trigger, 3)
			equal(added.InitiatorName, by.name)
		},
		func() {
			by := newMember()
			generator := by.generator(3)
			must(server.AddGenerator(generator, by.key))
			refused(400, "already exists")(server.AddGenerator(generator, by.key))
			denied(server.AddGenerator(by.generator(3), stranger))
			broken := by.generator(3)
			broken.WorkflowSpec = "{"
			refused(400, "")(server.AddGenerator(broken, by.key))
		}},
	{"GetGenerator",
		func() {
			by := newMember()
			added := must(server.AddGenerator(by.generator(3), by.key))
			done(server.PackGenerator(added.ID, "first", by.key))
			found := must(server.GetGenerator(added.ID, by.key))
			equal(found.QueueSize, 1)
			holds(found.CheckerPeriod > 0, "it tells how often generators are looked at")
		},
		func() {
			by := newMember()
			missing(server.GetGenerator(unknownID, by.key))
			denied(server.GetGenerator(must(server.AddGenerator(by.generator(3), by.key)).ID, stranger))
		}},
	{"ResolveGenerator",
		func() {
			by := newMember()
			added := must(server.AddGenerator(by.generator(3), by.key))
			equal(must(server.ResolveGenerator(ours.name, added.Name, by.key)).ID, added.ID)
		},
		func() {
			by := newMember()
			missing(server.ResolveGenerator(ours.name, newName("generator"), by.key))
			denied(server.ResolveGenerator(ours.name, newName("generator"), stranger))
		}},
	{"GetGenerators",
		func() {
			by := newColony().newMember()
			must(server.AddGenerator(by.generator(3), by.key))
			equal(len(must(server.GetGenerators(by.colony.name, 10, by.key))), 1)
		},
		func() { denied(server.GetGenerators(ours.name, 10, stranger)) }},
	{"PackGenerator",
		func() {
			by := newMember()
			added := must(server.AddGenerator(by.generator(2), by.key))
			for _, packed := range []string{"one", "two", "three"} {
				done(server.PackGenerator(added.ID, packed, by.key))
			}
			process := by.run()
			equal(process.FunctionSpec.Args[0].(string), "one")
			equal(process.FunctionSpec.Args[1].(string), "two")
			eventually("one argument is left", func() bool {
				return must(server.GetGenerator(added.ID, by.key)).QueueSize == 1
			})
		},
		func() {
			by := newMember()
			missing(server.PackGenerator(unknownID, "nowhere", by.key))
			denied(server.PackGenerator(must(server.AddGenerator(by.generator(2), by.key)).ID, "one", stranger))
		}},
	{"RemoveGenerator",
		func() {
			by := newMember()
			added := must(server.AddGenerator(by.generator(2), by.key))
			done(server.RemoveGenerator(added.ID, by.key))
			missing(server.GetGenerator(added.ID, by.key))
		},
		func() {
			by := newMember()
			missing(server.RemoveGenerator(unknownID, by.key))
			denied(server.RemoveGenerator(must(server.AddGenerator(by.generator(2), by.key)).ID, stranger))
		}},
}

func (by member) generator(trigger int) *core.Generator {
	return core.CreateGenerator(by.colony.name, newName("generator"), must(by.workflow("a").ToJSON()), trigger, -1)
}
