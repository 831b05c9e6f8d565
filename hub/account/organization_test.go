package account_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/account"
)

func TestPeopleOfSeveralOrganizationsSwitch(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		token, here := s.member("Studio", "ann@example.com", rule.RoleOwner)
		_, there := s.member("Agency", "ann@example.com", rule.RoleViewer)
		_, elsewhere := s.member("Other", "bob@example.com", rule.RoleOwner)
		secret := s.session(here)
		viewer, err := s.AuthenticateSession(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		ctx := rule.With(t.Context(), viewer)

		all, err := s.Organizations(ctx)
		if err != nil || len(all) != 2 || all[0].Name != "Agency" || all[1].Name != "Studio" {
			t.Fatalf("%v, %v", all, err)
		}
		if _, err := s.Organizations(token); !errors.Is(err, account.ErrUnauthenticated) {
			t.Errorf("a token sees other organizations: %v", err)
		}
		if _, err := s.SwitchOrganization(token, there.OrganizationID); !errors.Is(err, account.ErrUnauthenticated) {
			t.Errorf("a token changes organizations: %v", err)
		}
		for _, foreign := range []string{elsewhere.OrganizationID, "org_none", ""} {
			if _, err := s.SwitchOrganization(ctx, foreign); !errors.Is(err, account.ErrNoMembership) {
				t.Errorf("entered %q: %v", foreign, err)
			}
		}

		s.pass(account.SessionIdle / 2)
		changed, err := s.SwitchOrganization(ctx, there.OrganizationID)
		if err != nil {
			t.Fatal(err)
		}
		now, err := s.AuthenticateSession(t.Context(), changed)
		if err != nil || now.OrganizationID != there.OrganizationID || now.UserID != here.UserID || now.Role != rule.RoleViewer {
			t.Errorf("%+v, %v", now, err)
		}
		_, err = s.AuthenticateSession(t.Context(), secret)
		wantRefused(t, err)

		// Switching does not keep anybody signed in for longer.
		for range 2 * int(account.SessionLifetime/account.SessionIdle) {
			s.pass(account.SessionIdle / 2)
			now, err = s.AuthenticateSession(t.Context(), changed)
			if err != nil {
				break
			}
			back := []string{here.OrganizationID, there.OrganizationID}
			to := back[1-slices.Index(back, now.OrganizationID)]
			if changed, err = s.SwitchOrganization(rule.With(t.Context(), now), to); err != nil {
				t.Fatal(err)
			}
		}
		wantRefused(t, err)
	})
}

func TestOnlyOwnersRenameTheOrganization(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		ctx, m := s.member("Studio", "ann@example.com", rule.RoleOwner)
		admin, _ := s.member("Studio", "bob@example.com", rule.RoleAdmin)
		_, err := s.RenameOrganization(admin, "Mine")
		wantCode(t, err, hub.CodeForbidden)
		_, err = s.RenameOrganization(ctx, "  \n")
		wantCode(t, err, hub.CodeInvalid)
		renamed, err := s.RenameOrganization(ctx, " Ann's studio ")
		if err != nil || renamed.ID != m.OrganizationID || renamed.Name != "Ann's studio" {
			t.Errorf("%v, %v", renamed, err)
		}
	})
}

func TestFindMember(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, first := s.member("Studio", "ann@example.com", rule.RoleOwner)
		_, second := s.member("Agency", "ann@example.com", rule.RoleViewer)
		_, alone := s.member("Agency", "bob@example.com", rule.RoleViewer)
		for _, tt := range []struct{ email, org, want string }{
			{"Bob@example.com", "", alone.ID},
			{"ann@example.com", "Studio", first.ID},
			{"ann@example.com", "Agency", second.ID},
		} {
			if m, err := s.FindMember(t.Context(), tt.email, tt.org); err != nil || m.ID != tt.want {
				t.Errorf("%s of %q: %v, %v", tt.email, tt.org, m, err)
			}
		}
		for _, tt := range []struct {
			email, org string
			want       hub.Code
		}{
			{"ann@example.com", "", hub.CodeInvalid},
			{"bob@example.com", "Studio", hub.CodeNotFound},
			{"eve@example.com", "", hub.CodeNotFound},
			{"nobody", "", hub.CodeInvalid},
		} {
			_, err := s.FindMember(t.Context(), tt.email, tt.org)
			wantCode(t, err, tt.want)
		}
	})
}
