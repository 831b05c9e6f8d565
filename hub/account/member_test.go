package account_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/wedsync/wedsync/ent/rule"
	"github.com/wedsync/wedsync/hub"
	"github.com/wedsync/wedsync/hub/account"
)

func TestMembersComeChangeAndGo(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		admin, own := s.member("Studio", "ann@example.com", rule.RoleAdmin)
		m, err := s.AddMember(admin, account.MemberInput{Email: " Bob@Example.com", Name: "Bob", Role: rule.RoleMember})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.AddMember(admin, account.MemberInput{Email: "bob@example.com", Role: rule.RoleViewer})
		wantCode(t, err, hub.CodeConflict)
		secret := s.token(m, rule.RoleMember)
		if m, err = s.UpdateMember(admin, m.ID, rule.RoleViewer); err != nil || m.Role != "VIEWER" {
			t.Fatalf("%v, %v", m, err)
		}
		if err := s.RemoveMember(admin, m.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.AuthenticateToken(t.Context(), secret)
		wantRefused(t, err)
		if _, err := s.AddMember(admin, account.MemberInput{Email: "bob@example.com", Role: rule.RoleMember}); err != nil {
			t.Fatal(err)
		}
		_, err = s.AuthenticateToken(t.Context(), secret)
		wantRefused(t, err)
		want := []string{"member.added", "token.created", "member.added", "token.created", "member.updated", "member.removed", "member.added"}
		if got := s.events(own.OrganizationID); !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}

func TestAdminsCannotTouchOwners(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, owner := s.member("Studio", "ann@example.com", rule.RoleOwner)
		s.member("Studio", "second@example.com", rule.RoleOwner)
		admin, own := s.member("Studio", "bob@example.com", rule.RoleAdmin)
		_, err := s.UpdateMember(admin, owner.ID, rule.RoleMember)
		wantCode(t, err, hub.CodeForbidden)
		wantCode(t, s.RemoveMember(admin, owner.ID), hub.CodeForbidden)
		_, err = s.UpdateMember(admin, own.ID, rule.RoleOwner)
		wantCode(t, err, hub.CodeForbidden)
		_, err = s.AddMember(admin, account.MemberInput{Email: "eve@example.com", Role: rule.RoleOwner})
		wantCode(t, err, hub.CodeForbidden)
	})
}

func TestMembersAndViewersManageNobody(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, victim := s.member("Studio", "ann@example.com", rule.RoleViewer)
		for _, role := range []rule.Role{rule.RoleMember, rule.RoleViewer} {
			ctx, _ := s.member("Studio", string(role)+"@example.com", role)
			_, err := s.AddMember(ctx, account.MemberInput{Email: "new@example.com", Role: rule.RoleViewer})
			wantCode(t, err, hub.CodeForbidden)
			_, err = s.UpdateMember(ctx, victim.ID, rule.RoleViewer)
			wantCode(t, err, hub.CodeForbidden)
			wantCode(t, s.RemoveMember(ctx, victim.ID), hub.CodeForbidden)
		}
		users, err := s.client.User.Query().Count(rule.System(t.Context()))
		if err != nil || users != 3 {
			t.Errorf("%d users, %v: a refused invitation left one behind", users, err)
		}
	})
}

func TestOwnersRemovingEachOtherLeaveOne(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		ann, annM := s.member("Studio", "ann@example.com", rule.RoleOwner)
		bob, bobM := s.member("Studio", "bob@example.com", rule.RoleOwner)
		errs := make([]error, 2)
		var wg sync.WaitGroup
		wg.Go(func() { errs[0] = s.RemoveMember(ann, bobM.ID) })
		wg.Go(func() { _, errs[1] = s.UpdateMember(bob, annM.ID, rule.RoleMember) })
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("both or neither went through: %v", errs)
		}
		wantCode(t, errors.Join(errs...), hub.CodeConflict)
	})
}

func TestForeignMembersAreNotThere(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		_, m := s.member("Studio", "ann@example.com", rule.RoleViewer)
		foreign, _ := s.member("Other", "eve@example.com", rule.RoleOwner)
		_, err := s.UpdateMember(foreign, m.ID, rule.RoleOwner)
		wantCode(t, err, hub.CodeNotFound)
		wantCode(t, s.RemoveMember(foreign, m.ID), hub.CodeNotFound)
	})
}

func TestBootstrapFindsWhatItMade(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s *studio) {
		first, err := s.Bootstrap(t.Context(), "Studio", "ann@example.com", rule.RoleOwner)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Bootstrap(t.Context(), " Studio ", "ANN@example.com", rule.RoleViewer)
		if err != nil || again.ID != first.ID || again.Role != "OWNER" {
			t.Errorf("%v, %v", again, err)
		}
		other, err := s.Bootstrap(t.Context(), "Other", "ann@example.com", rule.RoleViewer)
		if err != nil || other.UserID != first.UserID || other.OrganizationID == first.OrganizationID {
			t.Errorf("%v, %v", other, err)
		}
		for _, bad := range []func(context.Context) error{
			func(ctx context.Context) error { _, err := s.Bootstrap(ctx, "", "a@b.c", rule.RoleOwner); return err },
			func(ctx context.Context) error {
				_, err := s.Bootstrap(ctx, "S", "Ann <a@b.c>", rule.RoleOwner)
				return err
			},
			func(ctx context.Context) error { _, err := s.Bootstrap(ctx, "S", "a@b.c", "KING"); return err },
		} {
			wantCode(t, bad(t.Context()), hub.CodeInvalid)
		}
	})
}
