//! Ten thousand cameras compared (on a server, two thousand): one request for each page of the list, one
//! write for each camera that differs, and no more memory than for a hundred.

use std::process::Stdio;
use std::time::{Duration, Instant};

use sdp_gateway::clock::Clock;
use sdp_gateway::ids::{DeviceId, Msisdn, UserAccount};
use sdp_gateway::ledger::Ledger;
use sdp_gateway::ledger::fulfil::{Bind, Claim, Room, Settle};
use sdp_gateway::outbox::Settlement;

use tokio::task::JoinSet;

use super::gateway::Gateway;
use super::outbox::wait;
use super::said::register;
use super::watcher_double::Rights;
use super::world::World;

const DEVICES_EACH: usize = 20;

/// Beyond this a comparison of ten thousand takes no more memory than one of a hundred, in KiB: hashes, and
/// what an allocator keeps of pages that are done with.
const MORE_KIB_MAX: u64 = 16 * 1024;

/// Binds so many cameras, twenty to a number, has all of them begun, and puts them into the double as they
/// should be.
fn fill(world: &World, gateway: &Gateway, ledger: &Ledger, cameras: usize) {
    for n in 0..cameras / DEVICES_EACH {
        let number = format!("8494600{n:04}");
        let bind = |device| Bind {
            device: DeviceId::parse(&format!("cam-{n}-{device}")).expect("a device"),
            account: UserAccount::parse(&format!("{number}@sdp.example")).expect("an account"),
            msisdn: Some(Msisdn::parse(&number).expect("a number")),
            camera: None,
            now: Clock::system().now(),
        };
        wait(all((0..DEVICES_EACH).map(bind).map(|bind| {
            let ledger = ledger.clone();
            async move { ledger.write(bind).await.map(drop).expect("kept") }
        })));
        register(&n.to_string(), &number).tell(gateway);
        let mut state = world.double.state();
        for device in 0..DEVICES_EACH {
            let name = format!("cam-{n}-{device}");
            state.add_camera(&name, 753);
            state.cameras.get_mut(&name).expect("it").preset = 392;
        }
        let user = state.create_user(&format!("{number}@sdp.example"), "unit-test-password", Some(&number));
        state.organizations.get_mut(&752).expect("it").members.remove(&user);
        state.join(753, user, false);
        let root = state.root(753);
        let members = &mut state.organizations.get_mut(&753).expect("it").members;
        members.get_mut(&user).expect("the member").folders.insert(root, Rights::ALL);
    }
    wait(begun(ledger));
}

/// All at once, so that they share commits.
async fn all(of: impl Iterator<Item = impl Future<Output = ()> + Send + 'static>) {
    let mut at_once: JoinSet<()> = of.collect();
    while let Some(one) = at_once.join_next().await {
        one.expect("no panic");
    }
}

/// Settles all that is owed.
async fn begun(ledger: &Ledger) {
    loop {
        let now = Clock::system().now();
        let rooms = vec![Room { provider: "cams".to_owned(), tasks_max: 500, wants_state: false }];
        let claim = Claim { rooms, now, leased_until: now.plus_ms(60_000), token: "the test's".to_owned() };
        let claimed = ledger.claim(claim).await.expect("claimed");
        if claimed.is_empty() {
            return;
        }
        let done = Settlement::Done { note: None, follow_up_at: None };
        all(claimed.into_iter().map(|one| {
            let (ledger, settle) = (ledger.clone(), Settle { task: one.task, outcome: done.clone(), now });
            async move { ledger.write(settle).await.map(drop).expect("settled") }
        }))
        .await;
    }
}

/// Runs the command; what it prints, and the most memory it had, in KiB.
fn measured(gateway: &Gateway, arguments: &[&str]) -> (String, u64) {
    let settings = std::fs::read_to_string(gateway.folder.join("settings.toml")).expect("settings");
    let mut command = Gateway::cli(&gateway.folder, &settings);
    command.args(["vsaas", "reconcile"]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let out = child.stdout.take().expect("its output");
    let reader = std::thread::spawn(move || std::io::read_to_string(out).expect("text"));
    let (status, began, mut peak_kib) = (format!("/proc/{}/status", child.id()), Instant::now(), 0);
    while child.try_wait().expect("a child").is_none() {
        assert!(began.elapsed() < Duration::from_secs(300), "it does not end");
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let high = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak_kib = peak_kib.max(high.and_then(|kib| kib.parse().ok()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("{arguments:?}: {:?}", began.elapsed());
    let ended = child.wait_with_output().expect("its end");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    (reader.join().expect("its output"), peak_kib)
}

#[test]
fn thousands_of_cameras_take_one_request_a_page_and_one_write_each_that_differs() {
    // What the comparison costs is the same whatever the engine; making the cameras takes a server minutes.
    let engine = std::env::var("SDP_GATEWAY_TEST_LEDGER").unwrap_or_default();
    let all = if engine == "postgres" { 2_000 } else { 5_000 };
    let (small, peak_of_hundred) = compared(100, 10);
    assert!(small.contains("cameras 102 "), "{small}");
    let (large, peak_of_all) = compared(all, all / 10);
    assert!(large.contains(&format!("cameras {} ", all + 2)), "{large}");
    println!("peak: {peak_of_hundred} KiB for 100 cameras, {peak_of_all} KiB for {all}");
    assert!(peak_of_all < peak_of_hundred + MORE_KIB_MAX, "{peak_of_hundred} KiB, {peak_of_all} KiB");
}

/// The last line of a comparison that mends, and the most memory of one that only tells.
fn compared(cameras: usize, drifted: usize) -> (String, u64) {
    let world = World::new("", "enabled = false\n");
    let (gateway, ledger) = (world.start(), world.ledger());
    world.double.state().cameras.remove("cam-1");
    let began = Instant::now();
    fill(&world, &gateway, &ledger, cameras);
    println!("filled: {:?}", began.elapsed());
    {
        let mut state = world.double.state();
        state.add_camera("a-strangers", 753);
        let ours = state.cameras.iter_mut().filter(|(name, _)| name.starts_with("cam-"));
        for (n, (_, camera)) in ours.step_by(cameras / drifted).enumerate() {
            match n % 2 {
                0 => camera.preset = 391,
                _ => camera.enabled = false,
            }
        }
        state.forget_calls();
    }
    let (dry, peak_kib) = measured(&gateway, &[]);
    assert_eq!(dry.lines().count(), drifted + 1, "{}", dry.lines().last().unwrap_or_default());
    // And an empty one, which alone is the last.
    let pages = (cameras + 2).div_ceil(100) + 1;
    assert_eq!(world.double.state().count("GET /cameras"), pages);
    assert_eq!(world.double.state().count("GET /cameras/{}"), 0);
    let (mended, _) = measured(&gateway, &["--fix"]);
    {
        let state = world.double.state();
        assert_eq!(state.count("GET /cameras"), 2 * pages);
        assert_eq!(state.count("PUT /cameras/{}"), drifted);
        let ours = state.cameras.iter().filter(|(name, _)| name.starts_with("cam-"));
        assert!(ours.into_iter().all(|(_, camera)| camera.preset == 392 && camera.enabled));
        assert_eq!(state.refused, Vec::<String>::new());
    }
    let (again, _) = measured(&gateway, &[]);
    assert_eq!(again.lines().count(), 1, "{again}");
    wait(ledger.close());
    (mended.lines().last().unwrap_or_default().to_owned(), peak_kib)
}
