package main

import (
	"encoding/json"
	"os"
	"sync"
	"time"
)

// fields are the facts of a log line beside its message. Empty texts are left out.
type fields map[string]any

var logLock sync.Mutex

// writeLine writes one line of JSON to standard output, which goes to the journal of the node. `kni-demo logs` and the proof read it.
func writeLine(level, msg string, facts fields) {
	known := fields{}
	for name, value := range facts {
		if value != "" {
			known[name] = value
		}
	}
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	head, _ := json.Marshal(struct {
		Level string `json:"level"`
		Msg   string `json:"msg"`
		Time  string `json:"time"`
	}{level, msg, now})
	rest, err := json.Marshal(known)
	if err != nil {
		return
	}
	line := append(head[:len(head)-1], ',')
	if len(known) == 0 {
		line = head[:len(head)-1]
	}
	logLock.Lock()
	defer logLock.Unlock()
	os.Stdout.Write(append(append(line, rest[1:]...), '\n'))
}

func logInfo(msg string, facts fields)  { writeLine("info", msg, facts) }
func logWarn(msg string, facts fields)  { writeLine("warn", msg, facts) }
func logError(msg string, facts fields) { writeLine("error", msg, facts) }
