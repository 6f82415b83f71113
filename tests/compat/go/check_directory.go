package main

import "github.com/colonyos/colonies/pkg/core"

var colonyChecks = []check{
	{"AddColony",
		func() {
			wanted := core.CreateColony(idOf(newKey()), newName("colony"))
			equal(*must(server.AddColony(wanted, serverKey)), *wanted)
		},
		func() {
			again := core.CreateColony(idOf(newKey()), ours.name)
			refused(400, "already exists")(server.AddColony(again, serverKey))
			denied(server.AddColony(core.CreateColony(idOf(newKey()), newName("colony")), ours.key))
		}},
	{"RemoveColony",
		func() {
			added := newColony()
			done(server.RemoveColony(added.name, serverKey))
			for _, each := range must(server.GetColonies(serverKey)) {
				holds(each.Name != added.name, "a removed colony is not listed")
			}
		},
		func() {
			missing(server.RemoveColony(newName("colony"), serverKey))
			denied(server.RemoveColony(ours.name, ours.key))
		}},
	{"GetColonies",
		func() {
			all := must(server.GetColonies(serverKey))
			holds(has(all, func(each *core.Colony) bool { return each.Name == ours.name }), "our colony is listed")
		},
		func() { denied(server.GetColonies(ours.key)) }},
	{"GetColonyByName",
		func() { equal(must(server.GetColonyByName(ours.name, newMember().key)).ID, idOf(ours.key)) },
		func() { denied(server.GetColonyByName(ours.name, stranger)) }},
	{"ColonyStatistics",
		func() {
			by := newColony().newMember()
			by.submit()
			statistics := must(server.ColonyStatistics(by.colony.name, by.key))
			equal(statistics.Executors, 1)
			equal(statistics.WaitingProcesses, 1)
		},
		func() { denied(server.ColonyStatistics(ours.name, stranger)) }},
	{"ChangeColonyID",
		func() {
			in, key := newColony(), newKey()
			done(server.ChangeColonyID(in.name, idOf(key), in.key))
			colony{name: in.name, key: key}.newMember()
			denied(server.AddUser(core.CreateUser(in.name, idOf(newKey()), "ada", "", ""), in.key))
		},
		func() {
			denied(server.ChangeColonyID(ours.name, idOf(newKey()), stranger))
			refused(400, "64")(server.ChangeColonyID(ours.name, "short", ours.key))
		}},
	{"PauseColonyAssignments",
		func() {
			by := newColony().newMember()
			done(server.PauseColonyAssignments(by.colony.name, by.colony.key))
			by.submit()
			refused(408, "paused")(server.Assign(by.colony.name, 1, "", "", by.key))
		},
		func() { denied(server.PauseColonyAssignments(ours.name, stranger)) }},
	{"ResumeColonyAssignments",
		func() {
			by := newColony().newMember()
			done(server.PauseColonyAssignments(by.colony.name, by.colony.key))
			done(server.ResumeColonyAssignments(by.colony.name, by.colony.key))
			by.running()
		},
		func() { denied(server.ResumeColonyAssignments(ours.name, stranger)) }},
	{"AreColonyAssignmentsPaused",
		func() {
			by := newColony().newMember()
			equal(must(server.AreColonyAssignmentsPaused(by.colony.name, by.key)), false)
			done(server.PauseColonyAssignments(by.colony.name, by.colony.key))
			equal(must(server.AreColonyAssignmentsPaused(by.colony.name, by.key)), true)
		},
		func() { denied(server.AreColonyAssignmentsPaused(ours.name, stranger)) }},
}

var functionChecks = []check{
	{"AddFunction",
		func() {
			by := newMember()
			wanted := by.function("echo")
			wanted.Args = []*core.FunctionArg{core.CreateFunctionArg("text", "string", "What to say", true, nil)}
			added := must(server.AddFunction(wanted, by.key))
			equal(added.FuncName, "echo")
			holds(added.FunctionID != "", "it has an id")
			equal(added.Args[0].Name, "text")
		},
		func() {
			by, other := newMember(), newMember()
			refused(403, "another executor")(server.AddFunction(by.function("echo"), other.key))
			denied(server.AddFunction(by.function("other"), stranger))
		}},
	{"GetFunctionsByExecutor",
		func() {
			by := newMember()
			must(server.AddFunction(by.function("echo"), by.key))
			by.submit()
			by.run()
			functions := must(server.GetFunctionsByExecutor(ours.name, by.name, by.key))
			equal(len(functions), 1)
			equal(functions[0].Counter, 1)
		},
		func() { denied(server.GetFunctionsByExecutor(ours.name, newMember().name, stranger)) }},
	{"GetFunctionsByColony",
		func() {
			by := newColony().newMember()
			must(server.AddFunction(by.function("echo"), by.key))
			equal(len(must(server.GetFunctionsByColony(by.colony.name, by.key))), 1)
		},
		func() { denied(server.GetFunctionsByColony(ours.name, stranger)) }},
	{"RemoveFunction",
		func() {
			by := newMember()
			added := must(server.AddFunction(by.function("echo"), by.key))
			done(server.RemoveFunction(added.FunctionID, by.key))
			equal(len(must(server.GetFunctionsByExecutor(ours.name, by.name, by.key))), 0)
		},
		func() {
			by := newMember()
			missing(server.RemoveFunction(unknownID, by.key))
			added := must(server.AddFunction(by.function("echo"), by.key))
			denied(server.RemoveFunction(added.FunctionID, stranger))
		}},
}

func (by member) function(funcname string) *core.Function {
	return core.CreateFunctionWithDesc(by.name, by.name, by.colony.name, funcname, "For tests", nil)
}

var userChecks = []check{
	{"AddUser",
		func() {
			wanted := core.CreateUser(ours.name, idOf(newKey()), newName("user"), "ada@example.com", "077-2013")
			equal(*must(server.AddUser(wanted, ours.key)), *wanted)
		},
		func() {
			wanted := core.CreateUser(ours.name, idOf(newKey()), newName("user"), "", "")
			denied(server.AddUser(wanted, stranger))
			must(server.AddUser(wanted, ours.key))
			refused(400, "already exists")(server.AddUser(wanted, ours.key))
		}},
	{"GetUser",
		func() {
			wanted, key := newUser()
			equal(*must(server.GetUser(ours.name, wanted.Name, key)), *wanted)
		},
		func() {
			wanted, key := newUser()
			denied(server.GetUser(ours.name, wanted.Name, stranger))
			missing(server.GetUser(ours.name, newName("user"), key))
		}},
	{"GetUserByID",
		func() {
			wanted, key := newUser()
			equal(*must(server.GetUserByID(ours.name, wanted.ID, key)), *wanted)
		},
		func() {
			wanted, key := newUser()
			denied(server.GetUserByID(ours.name, wanted.ID, stranger))
			missing(server.GetUserByID(ours.name, unknownID, key))
		}},
	{"GetUsers",
		func() {
			wanted, key := newUser()
			all := must(server.GetUsers(ours.name, key))
			holds(has(all, func(each *core.User) bool { return each.Name == wanted.Name }), "the user is listed")
		},
		func() { denied(server.GetUsers(ours.name, stranger)) }},
	{"RemoveUser",
		func() {
			wanted, key := newUser()
			done(server.RemoveUser(ours.name, wanted.Name, ours.key))
			denied(server.GetUsers(ours.name, key))
		},
		func() {
			wanted, key := newUser()
			denied(server.RemoveUser(ours.name, wanted.Name, key))
			missing(server.RemoveUser(ours.name, newName("user"), ours.key))
		}},
	{"ChangeUserID",
		func() {
			_, key := newUser()
			next := newKey()
			done(server.ChangeUserID(ours.name, idOf(next), key))
			must(server.GetUsers(ours.name, next))
			denied(server.GetUsers(ours.name, key))
		},
		func() {
			_, key := newUser()
			denied(server.ChangeUserID(ours.name, idOf(newKey()), stranger))
			refused(400, "64")(server.ChangeUserID(ours.name, "short", key))
		}},
}

func newUser() (*core.User, string) {
	key := newKey()
	return must(server.AddUser(core.CreateUser(ours.name, idOf(key), newName("user"), "", ""), ours.key)), key
}

var locationChecks = []check{
	{"AddLocation",
		func() {
			wanted := core.CreateLocation("", newName("location"), ours.name, "The north", 22.15, 65.58)
			added := must(server.AddLocation(wanted, ours.key))
			equal(added.Name, wanted.Name)
			equal(added.Long, 22.15)
		},
		func() {
			location := newLocation(ours)
			refused(400, "already exists")(server.AddLocation(location, ours.key))
			denied(server.AddLocation(core.CreateLocation("", newName("location"), ours.name, "", 0, 0), stranger))
		}},
	{"GetLocation",
		func() {
			location := newLocation(ours)
			equal(*must(server.GetLocation(ours.name, location.Name, newMember().key)), *location)
		},
		func() {
			denied(server.GetLocation(ours.name, newLocation(ours).Name, stranger))
			missing(server.GetLocation(ours.name, newName("location"), newMember().key))
		}},
	{"GetLocations",
		func() {
			by := newColony().newMember()
			newLocation(by.colony)
			equal(len(must(server.GetLocations(by.colony.name, by.key))), 1)
		},
		func() { denied(server.GetLocations(ours.name, stranger)) }},
	{"RemoveLocation",
		func() {
			location := newLocation(ours)
			done(server.RemoveLocation(ours.name, location.Name, ours.key))
			missing(server.GetLocation(ours.name, location.Name, newMember().key))
		},
		func() {
			missing(server.RemoveLocation(ours.name, newName("location"), ours.key))
			denied(server.RemoveLocation(ours.name, newLocation(ours).Name, stranger))
		}},
}

func newLocation(in colony) *core.Location {
	wanted := core.CreateLocation("", newName("location"), in.name, "For tests", 0, 0)
	return must(server.AddLocation(wanted, in.key))
}
