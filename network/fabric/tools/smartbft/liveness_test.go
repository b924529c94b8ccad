package bft

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hyperledger-labs/SmartBFT/pkg/api"
	"github.com/hyperledger-labs/SmartBFT/pkg/metrics/disabled"
	"github.com/hyperledger-labs/SmartBFT/pkg/types"
	protos "github.com/hyperledger-labs/SmartBFT/smartbftprotos"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const patience = 5 * time.Second

// One value for every port that the code under test uses; what is not written here is never called.
type surroundings struct {
	Proposer
	api.Comm
	api.Verifier
	api.Signer
	RequestPool
	LeaderMonitor
	ViewController
	aborted   chan struct{}
	delivered chan types.Proposal
	latest    types.Decision
	hold      chan struct{}
	newViews  []*protos.Message
	handled   []*protos.Message
}

func (s *surroundings) NewProposer(_, _, _, _ uint64, _ int) (Proposer, Phase) { return s, COMMITTED }
func (s *surroundings) Start()                                                 {}
func (s *surroundings) GetLeaderID() uint64                                    { return 1 }
func (s *surroundings) ChangeRole(Role, uint64, uint64)                        {}
func (s *surroundings) Abort()                                                 {}
func (s *surroundings) Stopped() bool                                          { return true }
func (s *surroundings) AbortChan() <-chan struct{}                             { return s.aborted }
func (s *surroundings) Close()                                                 {}
func (s *surroundings) Closed() bool                                           { return false }
func (s *surroundings) Reset()                                                 {}
func (s *surroundings) NextBatch() [][]byte                                    { return nil }
func (s *surroundings) SendConsensus(uint64, *protos.Message)                  {}
func (s *surroundings) BroadcastConsensus(m *protos.Message) {
	if m.GetNewView() != nil {
		s.newViews = append(s.newViews, m)
	}
}
func (s *surroundings) ViewChanged(uint64, uint64)                        {}
func (s *surroundings) VerifySignature(types.Signature) error             { return nil }
func (s *surroundings) Sign([]byte) []byte                                { return nil }
func (s *surroundings) VerificationSequence() uint64                      { return 0 }
func (s *surroundings) RemoveRequest(types.RequestInfo) error             { return nil }
func (s *surroundings) HandleMessage(_ uint64, m *protos.Message)         { s.handled = append(s.handled, m) }
func (s *surroundings) InjectArtificialHeartbeat(uint64, *protos.Message) {}
func (s *surroundings) StopTimers()                                       {}
func (s *surroundings) RestartTimers()                                    {}
func (s *surroundings) MaybePruneRevokedRequests()                        {}
func (s *surroundings) AbortView(uint64)                                  {}
func (s *surroundings) Save(*protos.SavedMessage) error                   { return nil }
func (s *surroundings) Restore(*View) error                               { return nil }
func (s *surroundings) SignProposal(types.Proposal, []byte) *types.Signature {
	return &types.Signature{}
}
func (s *surroundings) VerifyProposal(types.Proposal) ([]types.RequestInfo, error) { return nil, nil }
func (s *surroundings) AuxiliaryData([]byte) []byte                                { return nil }
func (s *surroundings) Sync() types.SyncResponse                                   { return types.SyncResponse{Latest: s.latest} }
func (s *surroundings) Deliver(proposal types.Proposal, _ []types.Signature) types.Reconfig {
	s.delivered <- proposal
	<-s.hold
	return types.Reconfig{}
}

func newSurroundings() *surroundings {
	hold := make(chan struct{})
	close(hold)
	return &surroundings{aborted: make(chan struct{}), delivered: make(chan types.Proposal, 10), hold: hold}
}

func proposalOf(view, sequence, decisions uint64) types.Proposal {
	return types.Proposal{Metadata: MarshalOrPanic(&protos.ViewMetadata{ViewId: view, LatestSequence: sequence, DecisionsInView: decisions})}
}

func within(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s: still waiting after %s", what, patience)
	}
}

func inBackground(run func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		run()
	}()
	return done
}

func controllerIn(s *surroundings) *Controller {
	log, _ := zap.NewDevelopment()
	c := &Controller{
		ID: 2, N: 4, NodesList: []uint64{1, 2, 3, 4}, Comm: s, Verifier: s, RequestPool: s, Batcher: s, Synchronizer: s,
		Deliver: s, Checkpoint: &types.Checkpoint{}, InFlight: &InFlightData{}, Logger: log.Sugar(), currView: s,
		Collector:       &StateCollector{SelfID: 2, N: 4, Logger: log.Sugar(), CollectTimeout: time.Millisecond},
		ProposerBuilder: s, LeaderMonitor: s, StartedWG: &sync.WaitGroup{},
	}
	c.Checkpoint.Set(proposalOf(0, 1, 0), nil)
	c.StartedWG.Add(1)
	c.Start(0, 2, 0, false)
	return c
}

func TestControllerGoesOnAfterADecisionWhoseViewWasAborted(t *testing.T) {
	s := newSurroundings()
	c := controllerIn(s)
	defer c.close()
	close(s.aborted) // so the view does not wait until its decision is delivered

	within(t, "the view", inBackground(func() { c.Decide(proposalOf(0, 2, 1), nil, nil) }))

	<-s.delivered
	for i := 0; i < 3; i++ {
		within(t, "the view changer", inBackground(func() { c.AbortView(0) }))
	}
}

func TestViewStillWaitsUntilItsDecisionIsDelivered(t *testing.T) {
	s := newSurroundings()
	s.hold = make(chan struct{})
	c := controllerIn(s)
	defer c.close()
	deciding := inBackground(func() { c.Decide(proposalOf(0, 2, 1), nil, nil) })
	<-s.delivered

	select {
	case <-deciding:
		t.Fatal("the view went on before the application had its decision")
	case <-time.After(100 * time.Millisecond):
	}
	close(s.hold)
	within(t, "the view", deciding)
}

func prePrepareOf(view, sequence uint64) *protos.Message {
	content := &protos.PrePrepare{View: view, Seq: sequence}
	return &protos.Message{Content: &protos.Message_PrePrepare{PrePrepare: content}}
}

func TestViewGetsWhatTheLeaderProposedBeforeItStarted(t *testing.T) {
	s := newSurroundings()
	c := controllerIn(s)
	defer c.close()
	c.ViewChanger = viewChangerIn(s, nil)
	early, later, past := prePrepareOf(1, 2), prePrepareOf(2, 9), prePrepareOf(0, 1)
	c.ProcessMessages(3, prePrepareOf(1, 1)) // replaced by the sender's next one
	c.ProcessMessages(3, early)
	c.ProcessMessages(4, later)
	c.ProcessMessages(4, past)
	s.handled = nil

	c.setCurrentViewNumber(1)
	c.startView(2)
	if len(s.handled) != 1 || s.handled[0] != early {
		t.Fatalf("view 1 got %v", s.handled)
	}
	c.startView(2) // the same view once more
	c.setCurrentViewNumber(2)
	c.startView(9)

	if len(s.handled) != 2 || s.handled[1] != later || len(c.early.kept) != 0 {
		t.Fatalf("view 2 got %v; %d messages are kept", s.handled[1:], len(c.early.kept))
	}
}

func TestSyncThatFindsNothingNewKeepsTheCountOfDecisions(t *testing.T) {
	s := newSurroundings()
	c := controllerIn(s)
	defer c.close()
	c.Collector.Start()
	defer c.Collector.Stop()
	s.latest = types.Decision{Proposal: proposalOf(0, 1, 6)}
	c.currDecisionsInView = 7

	if _, sequence, decisions := c.sync(); sequence != 2 || decisions != 7 {
		t.Fatalf("next is sequence %d after %d decisions, want 2 after 7", sequence, decisions)
	}
}

func TestSyncLeavesWhatTheViewProposesMeanwhile(t *testing.T) {
	c := controllerIn(newSurroundings())
	defer c.close()
	newer := proposalOf(0, 3, 2)
	log, _ := zap.NewDevelopment()
	c.Logger = log.WithOptions(zap.Hooks(func(entry zapcore.Entry) error {
		if strings.Contains(entry.Message, "deleting in-flight") {
			c.InFlight.StoreProposal(newer) // the view goes on beside the sync
		}
		return nil
	})).Sugar()
	c.InFlight.StoreProposal(proposalOf(0, 2, 1))

	c.maybePruneInFlight(&protos.ViewMetadata{LatestSequence: 2})

	if kept := c.InFlight.InFlightProposal(); kept == nil || string(kept.Metadata) != string(newer.Metadata) {
		t.Fatal("the newer proposal is forgotten")
	}
	c.InFlight.StorePrepares(0, 3)
}

func TestSyncForgetsAProposalThatWasDecided(t *testing.T) {
	c := controllerIn(newSurroundings())
	defer c.close()
	c.InFlight.StoreProposal(proposalOf(0, 2, 1))
	c.InFlight.StorePrepares(0, 2)

	c.maybePruneInFlight(&protos.ViewMetadata{LatestSequence: 2})

	if c.InFlight.InFlightProposal() != nil {
		t.Fatal("the decided proposal is kept")
	}
}

func viewChangerIn(s *surroundings, ticks <-chan time.Time) *ViewChanger {
	log, _ := zap.NewDevelopment()
	v := &ViewChanger{
		SelfID: 2, N: 4, NodesList: []uint64{1, 2, 3, 4}, SpeedUpViewChange: true, Logger: log.Sugar(), Comm: s, Signer: s,
		Verifier: s, Application: s, Synchronizer: synchronizer{}, Checkpoint: &types.Checkpoint{}, InFlight: &InFlightData{},
		State: s, Controller: s, RequestsTimer: s, Pruner: s, ViewSequences: &atomic.Value{}, Ticker: ticks,
		ViewChangeTimeout: time.Second, InMsqQSize: 10,
		MetricsView: api.NewMetricsView(&disabled.Provider{}), MetricsBlacklist: api.NewMetricsBlacklist(&disabled.Provider{}),
	}
	v.Checkpoint.Set(proposalOf(0, 1, 0), nil)
	v.ControllerStartedWG.Add(1) // never started: the tests call what its loop would
	v.Start(0)
	return v
}

func TestViewChangerGoesOnAfterAnInFlightDecisionThatCameTooLate(t *testing.T) {
	s := newSurroundings()
	s.hold = make(chan struct{})
	ticks := make(chan time.Time)
	v := viewChangerIn(s, ticks)
	v.quorum, v.checkTimeout, v.startViewChangeTime = 1, true, time.Now()
	inFlight := proposalOf(0, 2, 1)
	var committed atomic.Bool
	attempt := inBackground(func() {
		committed.Store(v.commitInFlightProposal(&protos.Proposal{Metadata: inFlight.Metadata}))
	})
	ticks <- time.Now()
	ticks <- time.Now()
	<-s.delivered // the decision is being delivered
	ticks <- time.Now().Add(time.Minute)
	time.Sleep(100 * time.Millisecond) // it is given up
	close(s.hold)

	within(t, "the view changer", attempt)
	if committed.Load() {
		t.Fatal("an attempt that timed out counts as committed")
	}
}

func TestNextLeaderTakesViewDataThatCameBeforeItsOwnQuorum(t *testing.T) {
	s := newSurroundings()
	v := viewChangerIn(s, nil) // node 2 is to lead view 1, for node 1 is dead
	ofNext := func(sender uint64) *protos.Message {
		msg := viewChangerIn(newSurroundings(), nil)
		msg.SelfID, msg.currView = sender, 1
		return msg.prepareViewDataMsg()
	}
	change := &protos.Message{Content: &protos.Message_ViewChange{ViewChange: &protos.ViewChange{NextView: 1}}}

	v.processMsg(3, ofNext(3)) // node 3 has seen the quorum already
	v.processMsg(3, change)
	v.processMsg(4, change)
	if len(s.newViews) != 0 {
		t.Fatal("a new view without a quorum of view data")
	}
	v.processMsg(4, ofNext(4))

	if len(s.newViews) != 1 || v.realView != 1 {
		t.Fatalf("%d new views are announced and view %d is in force, want 1 and 1", len(s.newViews), v.realView)
	}
}

func TestViewDataOfAnotherViewIsNotKept(t *testing.T) {
	v := viewChangerIn(newSurroundings(), nil)
	for _, view := range []uint64{0, 2, 7} {
		vd := &protos.ViewData{NextView: view}
		signed := &protos.SignedViewData{RawViewData: MarshalOrPanic(vd), Signer: 3}
		v.processMsg(3, &protos.Message{Content: &protos.Message_ViewData{ViewData: signed}})
	}
	if len(v.earlyViewData) != 0 {
		t.Fatalf("%d messages are kept", len(v.earlyViewData))
	}
}

type synchronizer struct{}

func (synchronizer) Sync() {}
