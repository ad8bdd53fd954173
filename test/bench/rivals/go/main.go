// go: Go's channel. It does what driver.c and its scenarios do, with the same
// command line, lines and checks; senders and the receiver are goroutines. An
// unbounded channel and a loop with callbacks are not there. Followed: Effective
// Go, "Channels"; the specification, "For statements with range clause" (several
// goroutines range over one channel until it is closed) and "Select statements";
// reflect.Select, for a list that is not known beforehand.
package main

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"sort"
	"sync"
	"syscall"
	"time"
)

// The exit status of a peer that has no such channel.
const lacks = 3

const (
	sendersMost = 64
	numberBits  = 40 // see throughput.c
	burst       = 1000
	pace        = 50 * time.Microsecond
	idle        = 1000
)

// A message has its number in the first word, and in the last one too,
// inverted, if that is another.
type message interface {
	[1]uint64 | [8]uint64 | [32]uint64 | [128]uint64 | [512]uint64
}

func write[M message](m *M, value uint64) {
	switch m := any(m).(type) {
	case *[1]uint64:
		m[0] = value
	case *[8]uint64:
		m[0], m[7] = value, ^value
	case *[32]uint64:
		m[0], m[31] = value, ^value
	case *[128]uint64:
		m[0], m[127] = value, ^value
	case *[512]uint64:
		m[0], m[511] = value, ^value
	}
}

func read[M message](m *M) uint64 {
	switch m := any(m).(type) {
	case *[1]uint64:
		return m[0]
	case *[8]uint64:
		check(m[7] == ^m[0], "a message is damaged")
		return m[0]
	case *[32]uint64:
		check(m[31] == ^m[0], "a message is damaged")
		return m[0]
	case *[128]uint64:
		check(m[127] == ^m[0], "a message is damaged")
		return m[0]
	case *[512]uint64:
		check(m[511] == ^m[0], "a message is damaged")
		return m[0]
	}
	return 0
}

func check(fine bool, what string) {
	if !fine {
		fmt.Fprintln(os.Stderr, "bench: this went wrong:", what)
		os.Exit(1)
	}
}

var warming bool

func tell(figure string, value float64) {
	if !warming {
		fmt.Printf("%s %.6g\n", figure, value)
	}
}

type options struct {
	capacity, messages, senders, receivers, sharing int
	latest                                          bool
}

func perMessage(begin time.Time, o options) float64 {
	return float64(time.Since(begin).Nanoseconds()) / float64(o.messages)
}

// Every message of every sender, each once, in its order: this implies count
// and sum.
type sink struct {
	next [sendersMost]uint64
}

func (s *sink) receive(value uint64) {
	from := value >> numberBits
	check(from < sendersMost && s.next[from] == value&(1<<numberBits-1),
		"a message is missing, double or out of order")
	s.next[from]++
}

func sendAll[M message](c chan<- M, sender uint64, each int) {
	var m M
	for i := 0; i < each; i++ {
		write(&m, sender<<numberBits|uint64(i))
		c <- m
	}
}

func mpsc[M message](o options) {
	c := make(chan M, o.capacity)
	each := (o.messages + o.senders - 1) / o.senders
	o.messages = each * o.senders
	var s sink
	used, begin := cpu(syscall.RUSAGE_SELF), time.Now()
	for sender := 0; sender < o.senders; sender++ {
		go sendAll(c, uint64(sender), each)
	}
	for i := 0; i < o.messages; i++ {
		m := <-c
		s.receive(read(&m))
	}
	tell("ns/message", perMessage(begin, o))
	used = cpu(syscall.RUSAGE_SELF) - used
	tell("cpu ns/message", float64(used)/float64(o.messages))
}

// What one of several receivers got: what comes of one sender is in its order.
type taken struct {
	next     [sendersMost]uint64
	seen     []byte // a bit for each message of each sender
	received uint64
	ended    time.Time
	_        [128]byte
}

func (t *taken) take(value, each, senders uint64) {
	from, number := value>>numberBits, value&(1<<numberBits-1)
	check(from < senders && number < each && number >= t.next[from],
		"a message is double or out of order")
	t.next[from] = number + 1
	bit := from*each + number
	t.seen[bit/8] |= 1 << (bit % 8)
	t.received++
}

// Each message was received, and by one of them only.
func checkAll(all []taken, expected uint64) {
	received := uint64(0)
	for i := range all {
		received += all[i].received
	}
	check(received == expected, "count")
	for b := uint64(0); b < expected/8; b++ {
		seen, sum := byte(0), 0
		for i := range all {
			seen |= all[i].seen[b]
			sum += int(all[i].seen[b])
		}
		check(seen == 255 && sum == 255, "a message is missing or double")
	}
}

func shared[M message](o options) {
	check(o.sharing > 1, "shared is for --sharing 2 or more")
	c := make(chan M, o.capacity)
	each := (o.messages + o.senders - 1) / o.senders
	o.messages = each * o.senders
	all := make([]taken, o.sharing)
	var receivers, senders sync.WaitGroup
	receivers.Add(o.sharing)
	senders.Add(o.senders)
	for i := range all {
		all[i].seen = make([]byte, o.messages/8+1)
	}
	used, begin := cpu(syscall.RUSAGE_SELF), time.Now()
	for i := range all {
		go func(t *taken) {
			for m := range c {
				t.take(read(&m), uint64(each), uint64(o.senders))
			}
			t.ended = time.Now()
			receivers.Done()
		}(&all[i])
	}
	for sender := 0; sender < o.senders; sender++ {
		go func(sender uint64) {
			sendAll(c, sender, each)
			senders.Done()
		}(uint64(sender))
	}
	senders.Wait()
	close(c)
	receivers.Wait()
	used = cpu(syscall.RUSAGE_SELF) - used
	checkAll(all, uint64(o.messages))
	ended := begin
	for i := range all {
		if all[i].ended.After(ended) {
			ended = all[i].ended
		}
	}
	tell("ns/message", float64(ended.Sub(begin))/float64(o.messages))
	tell("cpu ns/message", float64(used)/float64(o.messages))
}

// One of many channels is busy.
func selects[M message](o options) {
	busy := o.receivers / 2
	channels := make([]chan M, o.receivers)
	cases := make([]reflect.SelectCase, o.receivers)
	for i := range channels {
		channels[i] = make(chan M, o.capacity)
		cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv,
			Chan: reflect.ValueOf(channels[i])}
	}
	begin := time.Now()
	go func() {
		var m M
		for i := 0; i < o.messages; i++ {
			write(&m, uint64(i))
			channels[busy] <- m
		}
	}()
	for i := 0; i < o.messages; i++ {
		index, value, _ := reflect.Select(cases)
		check(index == busy, "an idle channel is ready")
		m := value.Interface().(M)
		check(read(&m) == uint64(i), "another message than the next one")
	}
	tell("ns/message", perMessage(begin, o))
}

func bursts[M message](o options) {
	c := make(chan M, o.capacity)
	maySend := make(chan bool, 1)
	maySend <- true
	var s sink
	begin := time.Now()
	go func() {
		var m M
		for i := 0; i < o.messages; i++ {
			if i%burst == 0 {
				<-maySend
			}
			write(&m, uint64(i))
			c <- m
		}
	}()
	for i := 1; i <= o.messages; i++ {
		m := <-c
		s.receive(read(&m))
		if i%burst == 0 {
			maySend <- true
		}
	}
	tell("ns/message", perMessage(begin, o))
}

func seq[M message](o options) {
	c := make(chan M, o.capacity)
	var m M
	begin := time.Now()
	for i := 0; i < o.messages; i++ {
		write(&m, uint64(i))
		c <- m
		m = <-c
		check(read(&m) == uint64(i), "another message than the one sent")
	}
	tell("ns/message", perMessage(begin, o))
}

func tellTimes(times []float64) {
	sort.Float64s(times)
	last := float64(len(times) - 1)
	tell("p50 ns", times[int(last*0.5)])
	tell("p99 ns", times[int(last*0.99)])
	tell("p99.9 ns", times[int(last*0.999)])
}

func pingPong[M message](o options) {
	there, back := make(chan M, o.capacity), make(chan M, o.capacity)
	go func() {
		for i := 0; i < o.messages; i++ {
			back <- <-there
		}
	}()
	times := make([]float64, o.messages)
	var m M
	for i := range times {
		write(&m, uint64(i))
		asked := time.Now()
		there <- m
		m = <-back
		times[i] = float64(time.Since(asked).Nanoseconds())
		check(read(&m) == uint64(i), "another answer than the one asked for")
	}
	tellTimes(times)
}

const rusageThread = 1

// What the process or this thread has used.
func cpu(of int) time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(of, &usage) == nil, "getrusage")
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Each message is the time of its sending. The sender spins: see latency.c.
func paced[M message](o options) {
	c := make(chan M, o.capacity)
	waited := make(chan time.Duration)
	start, used := time.Now(), cpu(syscall.RUSAGE_SELF)
	go func() {
		runtime.LockOSThread()
		var m M
		var sending time.Duration
		before := cpu(rusageThread)
		due := time.Since(start)
		for i := 0; i < o.messages; i++ {
			due += pace
			now := time.Since(start)
			for now < due {
				now = time.Since(start)
			}
			write(&m, uint64(now))
			c <- m
			sending += time.Since(start) - now
		}
		waited <- cpu(rusageThread) - before - sending
	}()
	times := make([]float64, o.messages)
	last := uint64(0)
	for i := range times {
		m := <-c
		sent := read(&m)
		times[i] = float64(uint64(time.Since(start)) - sent)
		check(sent > last, "a message is double or out of order")
		last = sent
	}
	spun := <-waited
	used = cpu(syscall.RUSAGE_SELF) - used - spun
	tell("cpu ns/message", float64(used)/float64(o.messages))
	tellTimes(times)
}

func bytesHeld() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// A channel here has its memory from the start, so it takes the same full.
func memory[M message](o options) {
	channels := make([]chan M, idle)
	before := bytesHeld()
	for i := range channels {
		channels[i] = make(chan M, o.capacity)
	}
	tell("bytes idle", (bytesHeld()-before)/idle)
	runtime.KeepAlive(channels)
}

func openClose[M message](o options) {
	begin := time.Now()
	for i := 0; i < o.messages; i++ {
		close(make(chan M, o.capacity))
	}
	tell("ns/channel", perMessage(begin, o))
}

type scenario struct {
	messages int
	warm     bool
	run      func(options)
}

func scenarios[M message]() map[string]scenario {
	return map[string]scenario{
		"mpsc":       {2000000, true, mpsc[M]},
		"burst":      {2000000, true, bursts[M]},
		"seq":        {4000000, true, seq[M]},
		"shared":     {2000000, true, shared[M]},
		"select":     {100000, true, selects[M]},
		"ping_pong":  {50000, true, pingPong[M]},
		"paced":      {10000, true, paced[M]},
		"memory":     {1, false, memory[M]},
		"open_close": {100000, true, openClose[M]},
	}
}

func measure(s scenario, o options) {
	if o.messages == 0 {
		o.messages = s.messages
	}
	if s.warm {
		tenth := o
		tenth.messages = o.messages/10 + 1
		warming = true
		s.run(tenth)
		warming = false
	}
	s.run(o)
}

func main() {
	var o options
	flags := flag.NewFlagSet("SCENARIO", flag.ExitOnError)
	to := flags.String("to", "loop", "thread")
	size := flags.Int("size", 8, "bytes: 8, 64, 256, 1024 or 4096")
	flags.IntVar(&o.senders, "senders", 1, "how many goroutines send")
	flags.IntVar(&o.capacity, "capacity", 0, "of the channel")
	flags.IntVar(&o.messages, "messages", 0, "for all senders together")
	flags.IntVar(&o.receivers, "receivers", 1, "of select")
	flags.IntVar(&o.sharing, "sharing", 1, "how many goroutines receive")
	flags.BoolVar(&o.latest, "latest", false, "not here")
	flags.Int("work", 0, "not used here")
	flags.Bool("pin", false, "not done here: goroutines change threads")
	if len(os.Args) < 2 {
		flags.Usage()
		os.Exit(2)
	}
	flags.Parse(os.Args[2:])
	if *to != "thread" || o.capacity == 0 || o.latest ||
		(o.receivers != 1 && os.Args[1] != "select") {
		os.Exit(lacks)
	}
	all := scenarios[[1]uint64]()
	switch *size {
	case 64:
		all = scenarios[[8]uint64]()
	case 256:
		all = scenarios[[32]uint64]()
	case 1024:
		all = scenarios[[128]uint64]()
	case 4096:
		all = scenarios[[512]uint64]()
	}
	s, known := all[os.Args[1]]
	if !known {
		os.Exit(lacks)
	}
	measure(s, o)
}
