//! Answers that are not as the papers have them, and what stands before Watcher answering in its place: a paying
//! subscriber is served all the same, nothing is taken for done that was not, and what one thing meets is that
//! thing's alone.

use sdp_gateway::config::Suspend;
use sdp_gateway::providers::{Attempted, Why};

use super::watcher_double::{ADMIN, At, How, Odd, Oddness, Rewrite, Rows, Sorting, State, Thing, When};
use super::world::{ANN, Mode, Terms, World, carried, ended};

const BEN: &str = "84945989326";
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

#[track_caller]
fn done(told: &Attempted) {
    assert!(matches!(told, Attempted::Done(_)), "{told:?}");
}

/// Why a task is to be tried again.
#[track_caller]
fn again(told: &Attempted) -> &Why {
    match told {
        Attempted::Again { why, .. } | Attempted::Unknown(why) => why,
        told => panic!("{told:?}"),
    }
}

/// What many frameworks write by themselves beside an answer of nothing, and beside JSON that nobody named.
#[tokio::test]
async fn an_answer_is_no_page_for_its_content_type_alone() {
    let world = World::new(Mode::Shared, "camera").await;
    world.double.state().rewrite = Some(|kind, status, text| match kind {
        "PUT /cameras/{}" | "POST /organizations/{}/folders/{}/users" => (204, HTML, String::new()),
        _ => (status, HTML, text),
    });
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", ended(0))).await);
    assert_eq!(world.double.state().count("PUT /cameras/{}"), 2);
}

/// As some servers begin every text.
#[tokio::test]
async fn a_mark_of_the_byte_order_is_no_part_of_an_answer() {
    let world = World::new(Mode::Own, "camera").await;
    world.double.state().rewrite = Some(|_, status, text| (status, JSON, format!("\u{feff}{text}")));
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
    world.double.state().forbidden.insert(Thing::Camera("cam-1".to_owned()));
    let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(393))).await;
    assert!(
        matches!(&told, Attempted::Never(why) if why.text.contains("no access to this camera")),
        "{told:?}"
    );
}

#[tokio::test]
async fn ids_may_come_as_fractions_of_nothing() {
    fn fractions(text: &str) -> String {
        let mut value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        fn each(value: &mut serde_json::Value) {
            match value {
                serde_json::Value::Number(number) => {
                    let whole = number.as_f64().unwrap_or_default();
                    *value = serde_json::json!(whole);
                }
                serde_json::Value::Array(all) => all.iter_mut().for_each(each),
                serde_json::Value::Object(all) => all.values_mut().for_each(each),
                _ => {}
            }
        }
        each(&mut value);
        value.to_string()
    }
    for mode in [Mode::Shared, Mode::Own] {
        let world = World::new(mode, "camera").await;
        world.double.state().rewrite = Some(|_, status, text| (status, JSON, fractions(&text)));
        for _ in 0..2 {
            done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
        }
        assert_eq!(world.double.state().refused, Vec::<String>::new());
        assert_eq!(world.double.state().users.len(), 2);
    }
}

/// A refusal whose words are by field, as forms have them.
#[tokio::test]
async fn an_error_message_of_any_shape_is_a_refusal() {
    let world = World::new(Mode::Shared, "camera").await;
    for message in [r#"{"error_message":{"preset_id":["unknown"]}}"#, r#"{"error_message":["no"]}"#] {
        world.double.state().rewrite = Some(match message.contains('[') && message.contains("preset") {
            true => |kind, status, text| match kind {
                "PUT /cameras/{}" => (200, JSON, r#"{"error_message":{"preset_id":["unknown"]}}"#.to_owned()),
                _ => (status, JSON, text),
            },
            false => |kind, status, text| match kind {
                "PUT /cameras/{}" => {
                    (200, JSON, r#"{"error_message":["no"],"error_message":["no"]}"#.to_owned())
                }
                _ => (status, JSON, text),
            },
        });
        let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
        assert!(matches!(told, Attempted::Never(_)), "{message}: {told:?}");
        // What is done all the same is undone for the next.
        world.double.state().cameras.get_mut("cam-1").expect("it").preset = 391;
    }
}

/// Whoever names cameras names one after an error.
#[tokio::test]
async fn a_camera_may_be_called_like_an_error_of_the_key() {
    let world = World::new(Mode::Shared, "camera").await;
    world.double.state().add_camera("WrongApikey", 753);
    done(&world.keeper.attempt(&world.task(ANN, "WrongApikey", carried(392))).await);
}

#[tokio::test]
async fn a_list_beside_empty_ones_is_found() {
    let world = World::new(Mode::Shared, "camera").await;
    world.double.state().rewrite = Some(|kind, status, text| match kind {
        "GET /users" | "GET /organizations" => {
            (status, JSON, format!("{{\"errors\":[],\"rows\":{text},\"warnings\":[]}}"))
        }
        _ => (status, JSON, text),
    });
    for _ in 0..2 {
        done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
    }
    let state = world.double.state();
    assert_eq!((state.users.len(), state.count("POST /users")), (2, 1));
}

/// A proxy whose Watcher is gone for a while answers 404 itself: nothing is ended by that, and nobody given up.
#[tokio::test]
async fn a_404_that_is_none_of_watchers_says_nothing_of_a_camera() {
    let world = World::new(Mode::Shared, "camera").await;
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
    for rewrite in [
        (|_, _, _| (404, "text/plain", "404 page not found\n".to_owned())) as Rewrite,
        |_, _, _| (404, HTML, "<html><title>404</title></html>".to_owned()),
        |_, _, _| (404, HTML, String::new()),
    ] {
        world.double.state().rewrite = Some(rewrite);
        for wanted in [ended(0), carried(393)] {
            again(&world.keeper.attempt(&world.task(ANN, "cam-1", wanted)).await);
        }
        assert!(world.double.state().cameras["cam-1"].enabled);
    }
    // Where the rest works, a page of 404 is as good as words.
    world.double.state().rewrite = None;
    world.double.fail(At::Every("GET /cameras/{}"), When::Before, How::Status(404));
    let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(393))).await;
    assert!(matches!(&told, Attempted::Never(why) if why.text.contains("not in Watcher")), "{told:?}");
}

/// What has a page for one camera, or sends it elsewhere, has it for that one.
#[tokio::test]
async fn what_one_camera_meets_speaks_against_nobody_else() {
    let world = World::new(Mode::Shared, "camera").await;
    for (kind, how) in [
        ("GET /cameras/{}", How::Status(500)),
        ("GET /cameras/{}", How::Slash(301)),
        ("GET /cameras/{}", How::Status(504)),
        ("GET /cameras/{}", How::Late),
        ("PUT /cameras/{}", How::Reset),
        ("GET /cameras/{}", How::Status(403)),
        ("PUT /cameras/{}", How::Status(500)),
        ("PUT /cameras/{}", How::Words(404)),
        ("PUT /cameras/{}", How::Words(409)),
        ("POST /organizations/{}/folders/{}/users", How::Words(404)),
        ("POST /organizations/{}/folders/{}/users", How::Words(409)),
    ] {
        let world = if kind.starts_with("POST") { &World::new(Mode::Shared, "camera").await } else { &world };
        world.double.fail(At::Every(kind), When::Before, how);
        let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
        if (kind, how) != ("POST /organizations/{}/folders/{}/users", How::Words(409)) {
            assert!(again(&told).is_of_one, "{kind} {how:?}: {told:?}");
        }
        world.double.heal();
    }
    // Where nothing else works either, it is no camera's.
    for how in [How::Status(500), How::Slash(301), How::Words(500), How::Reset, How::Late] {
        world.double.fail(At::All, When::Before, how);
        for wanted in [carried(392), ended(0)] {
            let told = world.keeper.attempt(&world.task(ANN, "cam-1", wanted)).await;
            assert!(!again(&told).is_of_one, "{how:?}: {told:?}");
        }
        world.double.heal();
    }
}

/// A wall before Watcher, which has its moods.
#[tokio::test]
async fn a_page_that_refuses_is_not_watchers_word() {
    let world = World::new(Mode::Shared, "camera").await;
    for kind in ["GET /users", "POST /users", "GET /cameras/{}", "PUT /cameras/{}"] {
        world.double.fail(At::Next(kind), When::Before, How::Status(403));
        let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
        again(&told);
        assert_eq!(world.double.heal(), 1);
    }
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
}

/// A Watcher that has people sign in where a key is none.
#[tokio::test]
async fn being_sent_to_sign_in_is_the_operators_to_mend() {
    let world = World::new(Mode::Shared, "camera").await;
    world.double.fail(At::All, When::Before, How::SignIn);
    for wanted in [carried(392), ended(0)] {
        let told = world.keeper.attempt(&world.task(ANN, "cam-1", wanted)).await;
        assert!(matches!(&told, Attempted::Denied(why) if why.text.contains("sign-in")), "{told:?}");
    }
}

/// Her organization, twice.
fn twins(state: &mut State) -> [i64; 2] {
    [(); 2].map(|()| {
        let made = state.create_organization(ANN, true, [549].into());
        state.organizations.get_mut(&made).expect("it").owner = ADMIN.to_owned();
        made
    })
}

/// An organization of hers that was made twice, and that billing does not delete.
#[tokio::test]
async fn a_twin_that_stays_keeps_nobody_from_being_served() {
    for how in [How::Words(400), How::Words(403), How::Status(422)] {
        let world = World::new(Mode::Own, "camera").await;
        {
            let mut state = world.double.state();
            let [first, _] = twins(&mut state);
            state.cameras.get_mut("cam-1").expect("it").organization = first;
        }
        world.double.fail(At::Every("billing DELETE /organizations/{}"), When::Before, how);
        for wanted in [carried(392), ended(0)] {
            done(&world.keeper.attempt(&world.task(ANN, "cam-1", wanted)).await);
        }
        assert!(world.double.heal() >= 1, "{how:?}");
    }
}

#[tokio::test]
async fn a_twin_that_somebody_is_a_member_of_is_not_deleted() {
    let world = World::new(Mode::Own, "camera").await;
    let twin = {
        let mut state = world.double.state();
        let [first, twin] = twins(&mut state);
        state.cameras.get_mut("cam-1").expect("it").organization = first;
        let user = state.create_user("installer@example.org", "unit-test-password", None);
        let member = state.organizations[&752].members[&user].clone();
        state.organizations.get_mut(&twin).expect("it").members.insert(user, member);
        twin
    };
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
    assert!(world.double.state().organizations.contains_key(&twin));
}

/// The list replaces the one there is: what cannot be read in it would be taken away from other cameras.
#[tokio::test]
async fn no_tariff_is_taken_away_that_cannot_be_read() {
    for (how, is_given) in [
        (Odd::each(Rows::Billed, Oddness::Integers), true),
        (Odd::each(Rows::Billed, Oddness::Maps), true),
        (Odd::one(Rows::Billed, 753, Oddness::Bare), false),
    ] {
        let world = World::new(Mode::Shared, "camera").await;
        {
            let mut state = world.double.state();
            state.organizations.get_mut(&world.home).expect("it").tariffs = [549].into();
            state.odd.push(how.clone());
        }
        let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(393))).await;
        let tariffs = world.double.state().tariffs_of(world.home);
        let due: &[i64] = if is_given { &[548, 549, 550] } else { &[548, 549] };
        assert_eq!(tariffs, due, "{how:?}: {told:?}");
    }
    // One of them alone.
    let world = World::new(Mode::Shared, "camera").await;
    {
        let mut state = world.double.state();
        state.organizations.get_mut(&world.home).expect("it").tariffs = [549].into();
        state.rewrite = Some(|kind, status, text| match kind {
            "billing GET /organizations" => (status, JSON, text.replace("\"id\":549", "\"id\":null")),
            _ => (status, JSON, text),
        });
    }
    world.keeper.attempt(&world.task(ANN, "cam-1", carried(393))).await;
    assert_eq!(world.double.state().tariffs_of(world.home), [548, 549]);
}

/// An answer that does not name tariffs says nothing of them.
#[tokio::test]
async fn a_short_answer_to_new_tariffs_is_no_refusal() {
    let world = World::new(Mode::Shared, "camera").await;
    {
        let mut state = world.double.state();
        state.organizations.get_mut(&world.home).expect("it").tariffs = [549].into();
        state.rewrite = Some(|kind, status, text| match kind {
            "billing PUT /organizations/{}" => (200, JSON, r#"{"organization":{"id":7360}}"#.to_owned()),
            _ => (status, JSON, text),
        });
    }
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(393))).await);
    assert_eq!(world.double.state().tariffs_of(world.home), [548, 549, 550]);
}

/// Billing tells Watcher in its own time.
#[tokio::test]
async fn a_preset_that_watcher_does_not_have_yet_is_waited_for() {
    for mode in [Mode::Shared, Mode::Own] {
        let world = World::with(Terms { moves: true, ..Terms::of(mode) }).await;
        {
            let mut state = world.double.state();
            state.organizations.get_mut(&world.home).expect("it").tariffs = [549].into();
            state.rewrite = Some(|kind, status, text| match kind {
                "GET /organizations/{}/presets" => (status, JSON, "[]".to_owned()),
                _ => (status, JSON, text),
            });
        }
        let task = world.task(ANN, "cam-1", carried(393));
        world.double.state().words = "The preset is not available in the organization".to_owned();
        // Whatever comes first there: its move is not refused.
        world.double.fail(At::Next("PUT /cameras/{}"), When::Before, How::Reset);
        again(&world.keeper.attempt(&task).await);
        world.double.heal();
        done(&world.keeper.attempt(&task).await);
        world.double.state().cameras.get_mut("cam-1").expect("it").preset = 391;
        world.double.fail(At::Next("PUT /cameras/{}"), When::Before, How::Words(400));
        assert!(again(&world.keeper.attempt(&task).await).is_of_one, "{mode:?}");
        world.double.heal();
        done(&world.keeper.attempt(&task).await);
    }
}

/// The search lags behind, or does not find titles at all.
#[tokio::test]
async fn an_organization_that_does_not_show_is_not_made_again_and_again() {
    for is_billed in [true, false] {
        let world = World::with(Terms { is_billed, ..Terms::of(Mode::Own) }).await;
        world.double.state().rewrite = Some(|kind, status, text| match kind {
            "GET /organizations" => (status, JSON, "[]".to_owned()),
            _ => (status, JSON, text),
        });
        for _ in 0..6 {
            again(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
        }
        let made = world.double.state().organizations.values().filter(|of| of.title == ANN).count();
        assert_eq!(made, 1, "{is_billed}");
        world.double.state().rewrite = None;
        done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
        // Deleted by hand, and wanted again.
        let id = world.double.state().organizations.iter().find(|(_, of)| of.title == ANN).map(|(id, _)| *id);
        world.double.state().delete_organization(id.expect("it"));
        done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
    }
}

/// One organization whose presets take for ever, beside others.
#[tokio::test]
async fn a_look_that_hangs_holds_up_nobody_else() {
    let world = World::new(Mode::Shared, "camera").await;
    for (number, camera) in [(ANN, "cam-1"), (BEN, "cam-2")] {
        if camera != "cam-1" {
            world.double.state().add_camera(camera, 753);
        }
        done(&world.keeper.attempt(&world.task(number, camera, carried(392))).await);
    }
    world.double.fail(At::Next("GET /organizations/{}/presets"), When::Before, How::Late);
    let tasks =
        [(ANN, "cam-1"), (BEN, "cam-2")].map(|(number, camera)| world.task(number, camera, carried(393)));
    let (one, other) = tokio::join!(world.keeper.attempt(&tasks[0]), world.keeper.attempt(&tasks[1]));
    let count = [&one, &other].into_iter().filter(|told| matches!(told, Attempted::Done(_))).count();
    assert_eq!(count, 1, "{one:?} {other:?}");
}

/// A camera that nobody may look at, and a subscriber who does not pay any more.
#[tokio::test]
async fn a_user_is_suspended_whatever_their_camera_says() {
    let world = World::with(Terms { suspend: Suspend::User, ..Terms::of(Mode::Shared) }).await;
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
    world.double.state().forbidden.insert(Thing::Camera("cam-1".to_owned()));
    let told = world.keeper.attempt(&world.task(ANN, "cam-1", ended(0))).await;
    assert!(matches!(told, Attempted::Never(_)), "{told:?}");
    let state = world.double.state();
    let user = state.user_of("84945989325@sdp.example").expect("her user");
    assert!(!state.users[&user].enabled);
}

/// An organization of everybody's has as many folders as it likes.
#[tokio::test]
async fn the_root_is_found_among_thousands_of_folders() {
    let world = World::new(Mode::Shared, "camera").await;
    {
        let mut state = world.double.state();
        let folder = |state: &State| state.organizations[&753].folders[&1156];
        let some = folder(&state);
        let own = state.organizations.get_mut(&753).expect("it");
        own.folders.extend((5000..6500).map(|id| (id, some)));
    }
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
}

/// A row in a list is one too.
#[tokio::test]
async fn rights_in_another_shape_are_not_written_anew() {
    let world = World::new(Mode::Shared, "camera").await;
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
    world.double.state().rewrite = Some(|kind, status, text| match kind {
        "GET /organizations/{}/folders/{}/users/{}" if status == 200 => (status, JSON, format!("[{text}]")),
        _ => (status, JSON, text),
    });
    world.double.state().forget_calls();
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
    assert_eq!(world.double.state().count("POST /organizations/{}/folders/{}/users"), 0);
}

/// An older Watcher knows no whoami: what it refuses of one camera is that camera's all the same.
#[tokio::test]
async fn without_whoami_another_call_tells_of_the_key() {
    let world = World::new(Mode::Shared, "camera").await;
    done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
    for rewrite in [
        (|kind, status, text| match kind {
            "GET /auth/whoami" => (404, JSON, r#"{"error":"NotFound"}"#.to_owned()),
            _ => (status, JSON, text),
        }) as Rewrite,
        |kind, status, text| match kind {
            "GET /auth/whoami" => (404, HTML, "<html>".to_owned()),
            _ => (status, JSON, text),
        },
    ] {
        world.double.state().rewrite = Some(rewrite);
        world.double.state().forbidden.insert(Thing::Camera("cam-1".to_owned()));
        let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(393))).await;
        assert!(matches!(told, Attempted::Never(_)), "{told:?}");
        world.double.state().forbidden.clear();
        // A bare 403, as a key that was revoked may have it, of everything.
        world.double.state().rewrite = Some(|kind, _, _| match kind {
            "GET /auth/whoami" => (404, JSON, r#"{"error":"NotFound"}"#.to_owned()),
            _ => (403, JSON, String::new()),
        });
        let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(393))).await;
        assert!(matches!(told, Attempted::Denied(_)), "{told:?}");
    }
}

/// Four at once, with and without billing, whatever lists look like.
#[tokio::test]
async fn workers_that_begin_at_once_end_with_one_of_each() {
    for (round, is_billed) in [true, false].into_iter().cycle().take(12).enumerate() {
        let world = World::with(Terms { is_billed, moves: true, ..Terms::of(Mode::Own) }).await;
        {
            let mut state = world.double.state();
            state.rows_max = if round % 4 < 2 { 1 } else { usize::MAX };
            state.sorting = if round % 3 == 0 { Sorting::Ignored } else { Sorting::Known };
            for n in 2..5 {
                state.add_camera(&format!("cam-{n}"), 752);
            }
        }
        let tasks = [1, 2, 3, 4].map(|n| world.task(ANN, &format!("cam-{n}"), carried(392)));
        let told = tokio::join!(
            world.keeper.attempt(&tasks[0]),
            world.others().attempt(&tasks[1]),
            world.keeper.attempt(&tasks[2]),
            world.others().attempt(&tasks[3]),
        );
        for task in tasks.iter().chain(&tasks) {
            world.settle(task).await;
        }
        let state = world.double.state();
        let homes: Vec<_> = state.organizations.iter().filter(|(_, of)| of.title == ANN).collect();
        assert_eq!(homes.len(), 1, "{round} {is_billed}: {told:?}\n{:#?}", state.calls);
        let users: Vec<_> = state.users.values().filter(|user| user.login.starts_with(ANN)).collect();
        assert_eq!(users.len(), 1, "{round}");
        for n in 1..5 {
            let camera = &state.cameras[&format!("cam-{n}")];
            let is = (camera.organization, camera.preset, camera.enabled);
            assert_eq!(is, (*homes[0].0, 392, true), "{round} cam-{n}");
        }
        assert_eq!(state.refused, Vec::<String>::new());
    }
}

/// A system that knows neither pages nor searches.
#[tokio::test]
async fn a_list_of_one_page_that_is_always_the_same_ends() {
    for mode in [Mode::Shared, Mode::Own] {
        let world = World::with(Terms { moves: true, ..Terms::of(mode) }).await;
        world.double.state().rewrite = Some(|kind, status, text| match kind {
            "GET /users" => {
                (status, JSON, r#"[{"id":9,"login":"boss@example.org"},{"id":10,"login":null}]"#.to_owned())
            }
            "GET /organizations" if text == "[]" => {
                (status, JSON, r#"[{"id":752,"is_default":true,"title":"x"}]"#.to_owned())
            }
            _ => (status, JSON, text),
        });
        done(&world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await);
        assert!(world.double.state().calls.len() < 20, "{:#?}", world.double.state().calls);
    }
}
