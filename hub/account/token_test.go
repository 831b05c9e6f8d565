package account_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/account"
)

func TestTokenIsWorthTheWeakerOfItsRoleAndItsOwners(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, m := s.member("Studio", "ann@example.com", rule.RoleAdmin)
		for give, want := range map[rule.Role]rule.Role{rule.RoleViewer: rule.RoleViewer, rule.RoleAdmin: rule.RoleAdmin} {
			v, err := s.AuthenticateToken(t.Context(), s.token(m, give))
			if err != nil || v.Role != want || v.OrganizationID != m.OrganizationID || v.UserID != m.UserID || v.TokenID == "" {
				t.Errorf("%s: %+v, %v", give, v, err)
			}
		}
		secret := s.token(m, rule.RoleAdmin)
		owner, _ := s.member("Studio", "boss@example.com", rule.RoleOwner)
		if _, err := s.UpdateMember(owner, m.ID, rule.RoleMember); err != nil {
			t.Fatal(err)
		}
		if v, err := s.AuthenticateToken(t.Context(), secret); err != nil || v.Role != rule.RoleMember {
			t.Errorf("after demotion: %+v, %v", v, err)
		}
	})
}

func TestTokenSecretIsNotStored(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, m := s.member("Studio", "ann@example.com", rule.RoleOwner)
		secret := s.token(m, rule.RoleOwner)
		if !strings.HasPrefix(secret, account.TokenPrefix) || len(secret) != len(account.TokenPrefix)+43 {
			t.Errorf("secret of %d characters", len(secret))
		}
		rows, err := s.client.Token.Query().All(rule.System(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if len(row.Hash) != 32 || strings.Contains(row.String(), secret) {
				t.Errorf("stored: %v", row)
			}
		}
	})
}

func TestRevokedExpiredAndUnknownTokensAreRefused(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		ctx, _ := s.member("Studio", "ann@example.com", rule.RoleAdmin)
		made, revoked, err := s.CreateToken(ctx, account.TokenInput{Name: "a", Role: rule.RoleMember})
		if err != nil {
			t.Fatal(err)
		}
		_, expiring, err := s.CreateToken(ctx, account.TokenInput{Name: "b", Role: rule.RoleMember, ExpiresAt: s.clock().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time changes nothing
			if _, err := s.RevokeToken(ctx, made.ID); err != nil {
				t.Fatal(err)
			}
		}
		s.pass(time.Hour)
		for _, secret := range []string{revoked, expiring, "", "wst_", expiring + "x", account.TokenPrefix + strings.Repeat("A", 43)} {
			_, err := s.AuthenticateToken(t.Context(), secret)
			wantRefused(t, err)
		}
		got := s.events(made.OrganizationID)
		if n := len(slices.DeleteFunc(got, func(e string) bool { return e != "token.revoked" })); n != 1 {
			t.Errorf("%d token.revoked events", n)
		}
	})
}

func TestTokensCannotExceedTheirMaker(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		admin, _ := s.member("Studio", "ann@example.com", rule.RoleAdmin)
		_, other := s.member("Studio", "bob@example.com", rule.RoleViewer)
		viewer, _ := s.member("Studio", "cat@example.com", rule.RoleViewer)
		_, _, err := s.CreateToken(admin, account.TokenInput{Name: "x", Role: rule.RoleOwner})
		wantCode(t, err, hub.CodeForbidden)
		_, _, err = s.CreateToken(admin, account.TokenInput{UserID: other.UserID, Name: "x", Role: rule.RoleViewer})
		wantCode(t, err, hub.CodeForbidden)
		_, _, err = s.CreateToken(viewer, account.TokenInput{Name: "x", Role: rule.RoleViewer})
		wantCode(t, err, hub.CodeForbidden)
		_, _, err = s.CreateToken(admin, account.TokenInput{Name: " ", Role: rule.RoleViewer})
		wantCode(t, err, hub.CodeInvalid)
		_, _, err = s.CreateToken(admin, account.TokenInput{Name: "x", Role: "KING"})
		wantCode(t, err, hub.CodeInvalid)
		_, _, err = s.CreateToken(admin, account.TokenInput{Name: "x", Role: rule.RoleViewer, ExpiresAt: s.clock()})
		wantCode(t, err, hub.CodeInvalid)
	})
}

func TestTokensOfAnotherOrganizationAreNotThere(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		own, _ := s.member("Studio", "ann@example.com", rule.RoleOwner)
		foreign, _ := s.member("Other", "eve@example.com", rule.RoleOwner)
		_, err := s.RevokeToken(foreign, viewerOf(own).TokenID)
		wantCode(t, err, hub.CodeNotFound)
		if err := s.StillAllowed(t.Context(), viewerOf(own)); err != nil {
			t.Error(err)
		}
	})
}

func TestUseIsWrittenDownOnceAMinute(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, m := s.member("Studio", "ann@example.com", rule.RoleOwner)
		secret := s.token(m, rule.RoleOwner)
		use := func() time.Time {
			v, err := s.AuthenticateToken(t.Context(), secret)
			if err != nil {
				t.Fatal(err)
			}
			row, err := s.client.Token.Get(rule.System(t.Context()), v.TokenID)
			if err != nil || row.LastUsedAt == nil {
				t.Fatalf("last used %v, %v", row.LastUsedAt, err)
			}
			return row.LastUsedAt.UTC()
		}
		first := s.clock()
		if got := use(); !got.Equal(first) {
			t.Errorf("first use: %v", got)
		}
		s.pass(59 * time.Second)
		if got := use(); !got.Equal(first) {
			t.Errorf("within the minute: %v", got)
		}
		s.pass(time.Second)
		if got := use(); !got.Equal(first.Add(time.Minute)) {
			t.Errorf("after a minute: %v", got)
		}
	})
}

func TestStillAllowedEndsWithTheCredential(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		owner, _ := s.member("Studio", "ann@example.com", rule.RoleOwner)
		revoked, _ := s.member("Studio", "bob@example.com", rule.RoleMember)
		demoted, m := s.member("Studio", "cat@example.com", rule.RoleAdmin)
		removed, gone := s.member("Studio", "dan@example.com", rule.RoleMember)
		for _, ctx := range []context.Context{revoked, demoted, removed} {
			if err := s.StillAllowed(t.Context(), viewerOf(ctx)); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.RevokeToken(owner, viewerOf(revoked).TokenID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.UpdateMember(owner, m.ID, rule.RoleViewer); err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveMember(owner, gone.ID); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, s.StillAllowed(t.Context(), viewerOf(revoked)))
		wantRefused(t, s.StillAllowed(t.Context(), viewerOf(demoted)))
		wantRefused(t, s.StillAllowed(t.Context(), viewerOf(removed)))
		wantRefused(t, s.StillAllowed(t.Context(), rule.Viewer{OrganizationID: m.OrganizationID, UserID: m.UserID}))
	})
}
