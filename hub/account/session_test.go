package account_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent"
	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/account"
)

func (s *studio) link(m *ent.Membership) string {
	s.t.Helper()
	secret, err := s.CreateLink(rule.SystemWithin(s.t.Context(), m.OrganizationID), m.UserID)
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

func (s *studio) session(m *ent.Membership) string {
	s.t.Helper()
	secret, err := s.UseLink(s.t.Context(), s.link(m))
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

func TestLinkSignsInExactlyOnce(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		ctx, m := s.member("Studio", "ann@example.com", rule.RoleViewer)
		link := s.link(m)
		var worked atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				secret, err := s.UseLink(t.Context(), link)
				if err != nil {
					wantRefused(t, err)
					return
				}
				worked.Add(1)
				v, err := s.AuthenticateSession(t.Context(), secret)
				if err != nil || v.UserID != m.UserID || v.SessionID == "" || v.Role != rule.RoleViewer {
					t.Errorf("%+v, %v", v, err)
				}
			})
		}
		wg.Wait()
		if worked.Load() != 1 {
			t.Errorf("the link worked %d times", worked.Load())
		}
		_, err := s.CreateLink(ctx, m.UserID)
		wantCode(t, err, hub.CodeForbidden)
	})
}

func TestLinkExpires(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, m := s.member("Studio", "ann@example.com", rule.RoleOwner)
		link := s.link(m)
		s.pass(account.LinkLifetime)
		_, err := s.UseLink(t.Context(), link)
		wantRefused(t, err)
	})
}

func TestALinkIsNoSessionAndASessionNoLink(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, m := s.member("Studio", "ann@example.com", rule.RoleOwner)
		_, err := s.AuthenticateSession(t.Context(), s.link(m))
		wantRefused(t, err)
		_, err = s.UseLink(t.Context(), s.session(m))
		wantRefused(t, err)
	})
}

func TestSessionSlidesUpToItsCap(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, m := s.member("Studio", "ann@example.com", rule.RoleOwner)
		idle, used := s.session(m), s.session(m)
		began := s.clock()
		for s.clock().Sub(began) < account.SessionLifetime-account.SessionIdle/2 {
			s.pass(account.SessionIdle / 2)
			if _, err := s.AuthenticateSession(t.Context(), used); err != nil {
				t.Fatalf("after %v: %v", s.clock().Sub(began), err)
			}
		}
		_, err := s.AuthenticateSession(t.Context(), idle)
		wantRefused(t, err)
		s.pass(began.Add(account.SessionLifetime).Sub(s.clock()))
		_, err = s.AuthenticateSession(t.Context(), used)
		wantRefused(t, err)
	})
}

func TestSigningOutEndsTheSession(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, m := s.member("Studio", "ann@example.com", rule.RoleViewer)
		secret := s.session(m)
		v, err := s.AuthenticateSession(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.StillAllowed(t.Context(), v); err != nil {
			t.Error(err)
		}
		if err := s.EndSession(rule.With(t.Context(), v)); err != nil {
			t.Fatal(err)
		}
		_, err = s.AuthenticateSession(t.Context(), secret)
		wantRefused(t, err)
		wantRefused(t, s.StillAllowed(t.Context(), v))
	})
}

func TestPurgeKeepsWhatMayStillMatter(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, m := s.member("Studio", "ann@example.com", rule.RoleOwner)
		s.link(m)
		s.pass(40 * 24 * time.Hour)
		fresh := s.session(m)
		if n, err := s.Purge(t.Context()); err != nil || n != 1 {
			t.Errorf("removed %d, %v", n, err)
		}
		if _, err := s.AuthenticateSession(t.Context(), fresh); err != nil {
			t.Error(err)
		}
	})
}

func TestSignInByIssuer(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, m := s.member("Studio", "ann@example.com", rule.RoleMember)
		who := account.Identity{Issuer: "https://id.example.com", Subject: "1", Email: "Ann@Example.com", EmailVerified: true, Name: "Ann"}

		unverified := who
		unverified.EmailVerified = false
		_, err := s.SignIn(t.Context(), unverified)
		if !errors.Is(err, account.ErrNoMembership) {
			t.Errorf("unverified address: %v", err)
		}
		secret, err := s.SignIn(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := s.AuthenticateSession(t.Context(), secret); err != nil || v.UserID != m.UserID || v.Role != rule.RoleMember {
			t.Errorf("%+v, %v", v, err)
		}
		moved := who // from now on the subject counts, whatever the address
		moved.Email, moved.EmailVerified = "ann@elsewhere.example", false
		if _, err := s.SignIn(t.Context(), moved); err != nil {
			t.Error(err)
		}
		for _, stranger := range []account.Identity{
			{Issuer: who.Issuer, Subject: "2", Email: who.Email, EmailVerified: true}, // the address is taken
			{Issuer: "https://other.example.com", Subject: "1", Email: who.Email, EmailVerified: true},
			{Issuer: who.Issuer, Subject: "3", Email: "eve@example.com", EmailVerified: true},
		} {
			if _, err := s.SignIn(t.Context(), stranger); !errors.Is(err, account.ErrNoMembership) {
				t.Errorf("%+v: %v", stranger, err)
			}
		}
	})
}
