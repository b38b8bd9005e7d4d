use std::fs;

use crate::{
    erasure::plant_an_old_call,
    process::{KEY, Place, exists},
    search::{found_below, planted},
};

/// The one copy in a folder.
fn copy(place: &Place, folder: &str) -> String {
    let said = place.says(&["admin", "backup", "--to", folder]);
    said.split('\t').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_was_erased_since_does_not_come_back_with_a_restore() {
    let place = Place::sqlite();
    plant_an_old_call(&place).await;
    let copy = copy(&place, "copies");
    place.says(&["admin", "customer", "erase", "--business", KEY, "--number", "02079460777", "--no-server"]);
    let data = place.path("data");
    let kept = fs::read(data.join("erasures.jsonl")).unwrap();
    fs::remove_dir_all(&data).unwrap();

    // The journal beside the copy was written before the erasure, and knows nothing of it.
    let blind = place.says(&["admin", "restore", &copy]);
    assert!(blind.contains("0 erasures"), "{blind}");
    assert!(!found_below(&data, &planted()).is_empty(), "the control: it would come back");
    fs::remove_dir_all(&data).unwrap();

    fs::create_dir(&data).unwrap();
    fs::write(data.join("erasures.jsonl"), kept).unwrap();
    let said = place.says(&["admin", "restore", &copy]);
    assert!(said.contains("1 erasures"), "{said}");
    assert_eq!(found_below(&data, &planted()), [""; 0]);
    let server = place.serve("info");
    assert_eq!(server.get("/readyz").status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_overwrites_nothing_and_leaves_nothing_half_done() {
    let place = Place::sqlite();
    plant_an_old_call(&place).await;
    let copy = copy(&place, "copies");
    assert!(place.fails(&["admin", "restore", &copy]).contains("move it away first"));
    fs::remove_dir_all(place.path("data")).unwrap();
    fs::remove_file(place.path("copies/erasures.jsonl")).unwrap();
    assert!(place.fails(&["admin", "restore", &copy]).contains("journal"));
    fs::write(place.path("damaged"), "{}\n").unwrap();
    place.fails(&["admin", "restore", &copy, "--journal", "damaged"]);
    fs::write(place.path("forgetful"), "{\"complete_since\":99999999999999}\n").unwrap();
    let said = place.fails(&["admin", "restore", &copy, "--journal", "forgetful"]);
    assert!(said.contains("the copy is older"), "{said}");
    fs::write(place.path("empty"), "").unwrap();
    fs::write(place.path("no.db"), "x".repeat(4096)).unwrap();
    fs::create_dir(place.path("data")).unwrap();
    place.fails(&["admin", "restore", "no.db", "--journal", "empty"]);
    assert_eq!(fs::read_dir(place.path("data")).unwrap().count(), 0, "no database, and no draft of one");
    place.says(&["admin", "restore", &copy, "--journal", "empty"]);
    assert!(exists(&place.path("data/ringside.db")));
}

#[test]
fn copies_expire_and_other_files_stay() {
    let place = Place::sqlite();
    place.says(&["admin", "business", "create", "--name", "Acme", "--region", "DE"]);
    fs::create_dir(place.path("copies")).unwrap();
    let old = ["ringside-20200101T000000000Z.db", "mine.db", "ringside-old.db"];
    for name in old {
        fs::write(place.path("copies").join(name), "x").unwrap();
    }
    let said = place.says(&["admin", "backup", "--to", "copies", "--keep-days", "7"]);
    assert!(said.contains("1 expired"), "{said}");
    for (name, stays) in old.into_iter().zip([false, true, true]) {
        assert_eq!(exists(&place.path("copies").join(name)), stays, "{name}");
    }
}

#[test]
fn no_copy_is_kept_for_longer_than_erasures_are_known() {
    let place = Place::sqlite();
    place.says(&["admin", "business", "create", "--name", "Acme", "--region", "DE"]);
    place.says(&["admin", "backup", "--to", "copies", "--keep-days", "399"]);
    let said = place.fails(&["admin", "backup", "--to", "copies", "--keep-days", "400"]);
    assert!(said.contains("erasures_days"), "{said}");
}

#[test]
fn only_its_owner_may_read_a_copy_and_its_journal() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::sqlite();
    place.says(&["admin", "business", "create", "--name", "Acme", "--region", "DE"]);
    let copy = copy(&place, "copies");
    for file in [place.folder.path().join(copy), place.path("copies/erasures.jsonl")] {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}
