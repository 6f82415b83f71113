package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/colonyos/colonies/pkg/core"
)

// must gives the result of a call that has to work.
func must[T any](value T, err error) T {
	done(err)
	return value
}

// done expects that a call worked.
func done(err error) {
	if err != nil {
		panic(err)
	}
}

func equal[T comparable](got T, wanted T) {
	if got != wanted {
		panic(fmt.Sprintf("got %v instead of %v", got, wanted))
	}
}

func holds(condition bool, what string) {
	if !condition {
		panic("this does not hold: " + what)
	}
}

// refused expects that a call, whose results these are, ended with this status and with this text in its sentence.
func refused(status int, text string) func(results ...any) {
	return func(results ...any) {
		err, _ := results[len(results)-1].(error)
		var refusal *core.ColoniesError
		if !errors.As(err, &refusal) {
			panic(fmt.Sprintf("it was not refused by the server; it gave %v", results))
		}
		if refusal.Status != status || !strings.Contains(refusal.Message, text) {
			panic(fmt.Sprintf("refused with %d %q instead of %d %q", refusal.Status, refusal.Message, status, text))
		}
	}
}

// denied expects that a caller without rights was told so.
var denied = refused(403, "Access denied")

// missing expects that something was not found.
var missing = refused(404, "not found")

// panics expects that a call panics with this text; some constructors of the client have no other way.
func panics(text string, call func()) {
	defer func() {
		reason := fmt.Sprint(recover())
		holds(strings.Contains(reason, text), fmt.Sprintf("%q is in %q", text, reason))
	}()
	call()
}

// has tells whether some element fits.
func has[T any](list []T, fits func(T) bool) bool {
	for _, each := range list {
		if fits(each) {
			return true
		}
	}
	return false
}

// eventually tries again until it holds; for what loops of the server bring about.
func eventually(what string, attempt func() bool) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if attempt() {
			return
		}
		time.Sleep(50 * time.Millisecond) // sleeps: between two looks
	}
	panic("this never came to hold: " + what)
}
