// Command client makes the calls of the benchmark and measures them. It reads one request after the other from stdin,
// and answers each with a line of JSON. All subjects are called from this one process.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

type request struct {
	// Kind is "runtime" or "plugins" to open a subject, "run" or "query" to measure one, "close" to close a runtime.
	Kind string
	// Socket is where a runtime listens.
	Socket string
	// Config is the network configuration list of plugins.
	Config string
	// PluginDir has the plugins, CacheDir has the results that libcni keeps.
	PluginDir, CacheDir string
	// IfName is the name of the interface that plugins configure.
	IfName string
	// Subject is the number that was answered when the subject was opened.
	Subject int
	// Cycles is the number of pods to create and delete, Lanes is how many of them at a time.
	Cycles, Lanes int
	// Pods are queried Count times, in random order.
	Pods  []pod
	Count int
}

type answer struct {
	Subject int `json:"subject"`
	// Ms has the durations of each step.
	Ms      map[string][]float64 `json:"ms"`
	Seconds float64              `json:"seconds"`
	Error   string               `json:"error,omitempty"`
}

// subject is a way to give a pod its network.
type subject interface {
	// cycle creates and deletes the network of one pod.
	cycle(watch *stopwatch) error
}

// stopwatch collects the durations of steps.
type stopwatch struct {
	sync.Mutex
	ms map[string][]float64
}

func (w *stopwatch) time(step string, work func() error) error {
	begin := time.Now()
	if err := work(); err != nil {
		return fmt.Errorf("%s: %v", step, err)
	}
	ms := float64(time.Since(begin)) / float64(time.Millisecond)
	w.Lock()
	defer w.Unlock()
	w.ms[step] = append(w.ms[step], ms)
	return nil
}

func main() {
	var subjects []subject
	requests, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var r request
		if err := requests.Decode(&r); err == io.EOF {
			return
		} else if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		watch := &stopwatch{ms: map[string][]float64{}}
		begin := time.Now()
		err := serve(r, &subjects, watch)
		a := answer{Subject: len(subjects) - 1, Ms: watch.ms, Seconds: time.Since(begin).Seconds()}
		if err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			os.Exit(1)
		}
	}
}

func serve(r request, subjects *[]subject, watch *stopwatch) error {
	switch r.Kind {
	case "runtime":
		opened, err := openRuntime(r.Socket)
		*subjects = append(*subjects, opened)
		return err
	case "plugins":
		opened, err := openPlugins(r)
		*subjects = append(*subjects, opened)
		return err
	}
	if r.Subject < 0 || r.Subject >= len(*subjects) {
		return errors.New("unknown subject")
	}
	s := (*subjects)[r.Subject]
	runtime, isRuntime := s.(*networkRuntime)
	switch {
	case r.Kind == "run":
		return run(s, r.Cycles, r.Lanes, watch)
	case r.Kind == "query" && isRuntime:
		return runtime.queryRandomly(r.Pods, r.Count, watch)
	case r.Kind == "close" && isRuntime:
		return runtime.conn.Close()
	default:
		return fmt.Errorf("unknown request %q", r.Kind)
	}
}

// run returns the first error after all lanes have ended.
func run(s subject, cycles, lanes int, watch *stopwatch) error {
	left := int64(cycles)
	ended := make(chan error, lanes)
	for lane := 0; lane < lanes; lane++ {
		go func() {
			var err error
			for err == nil && atomic.AddInt64(&left, -1) >= 0 {
				err = s.cycle(watch)
			}
			ended <- err
		}()
	}
	var first error
	for lane := 0; lane < lanes; lane++ {
		if err := <-ended; first == nil {
			first = err
		}
	}
	return first
}
