//! A tariff is made, and another becomes the default one, in billing's own pages; `vsaas tariffs` says whether
//! presets and offers follow.

use serde_json::json;

use super::Setup;

/// An offer with storage of a preset.
pub(super) fn offer(id: &str, package: &str, preset: i64) -> String {
    format!(
        "[[offer]]\nid = '{id}'\nservice_id = '1'\npackage_id = '{package}'\nperiod = 'month'\n\
         [[offer.grant]]\nkind = 'cloud'\nstorage = 'continuous'\nprovider = 'cams'\nsettings = {{ preset_id = {preset} }}\n"
    )
}

impl Setup {
    pub(super) fn catalog(&mut self, text: &str) {
        let path = self.folder.path().join("catalog.toml");
        std::fs::write(&path, text).unwrap();
        if !self.settings.contains("[catalog]") {
            self.settings += &format!("[catalog]\npath = '{}'\n", path.display());
        }
    }

    /// What does not line up.
    fn findings(&self) -> Vec<String> {
        let found = self.vsaas("tariffs --json").json();
        found["findings"].as_array().unwrap().iter().map(|what| what.as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tariff_is_made() {
    let mut setup = Setup::new().await;
    {
        let mut state = setup.double.state();
        state.tariffs.retain(|id, _| *id == 548);
        assert_eq!(state.create_tariff("Month", 30.0), (551, 394));
    }
    // The trap: billing's id in the place of Watcher's.
    setup.catalog(&offer("month", "1", 551));
    let findings = setup.findings();
    assert!(
        findings.contains(
            &"preset 551, used by month, is billing's id of a tariff: its preset is 394".to_owned()
        )
    );
    setup.catalog(&offer("month", "1", 394));
    let what = "organization 753 does not have preset 394, and offers use it: month";
    assert_eq!(setup.findings(), [what]);
    setup.vsaas("org tariffs 7360 551").check(0);
    let table = setup.vsaas("tariffs");
    table.says(
        "tariff_id  tariff   price      status  preset_id  preset   days  default  offers\n\
         548        Default  0.0 USD    Active  391        Default  0.0   true     -\n\
         551        Month    300.0 USD  Active  394        Month    30.0  false    month\nall of them line up\n",
    );
    let json = setup.vsaas("tariffs --json").json();
    assert_eq!(
        json["tariffs"][1],
        json!({"tariff_id": 551, "tariff": "Month", "price": "300.0 USD", "status": "Active", "preset_id": 394,
               "preset": "Month", "days": 30.0, "default": false, "offers": ["month"]})
    );
    setup.double.state().presets.get_mut(&394).unwrap().is_deleted = true;
    assert_eq!(setup.findings(), ["preset 394 is deleted at Watcher"]);
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tariff_becomes_the_default_one() {
    let mut setup = Setup::new().await;
    setup.catalog(&(offer("day", "1", 392) + &offer("week", "2", 393)));
    setup.vsaas("org tariffs 7360 549 550").check(0);
    assert_eq!(setup.findings(), Vec::<String>::new());
    setup.double.state().make_default(549);
    let what = "the default preset is 392, and default_preset_id of the settings is 391";
    assert_eq!(setup.findings(), [what]);
    setup.settings = setup.settings.replace("default_preset_id = 391", "default_preset_id = 392");
    assert_eq!(setup.findings(), ["preset 391 is used by no offer"]);
    assert_eq!(
        setup.double.state().count("billing GET /tariff_plans"),
        4,
        "one call a comparison, one a change"
    );
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_billing_and_without_a_shared_organization() {
    let mut setup = Setup::with("organization_id = 753\n").await;
    setup.catalog(&offer("day", "1", 392));
    let billing = setup.double.billing_settings("cams");
    let with = setup.settings.clone();
    setup.settings = with.replace(&billing, "");
    assert_eq!(setup.findings(), ["organization 753 does not have preset 392, and offers use it: day"]);
    setup.vsaas("org list").check(0);
    let ended = setup.vsaas("org create X --owner a@example.org");
    assert!(ended.check(1).err.contains("the settings have no billing"), "{}", ended.err);
    // Watcher itself says whose organizations are.
    let ended = setup.vsaas("org create X");
    assert!(ended.check(1).err.contains("HTTP 403: Organizations and tariffs of this domain are managed by"));
    setup.settings = with.replace("organization_id = 753", "");
    assert_eq!(setup.findings(), ["preset 393 is used by no offer"]);
}
