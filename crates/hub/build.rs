//! Sees to it that the page's folder is there and that the hub is built anew when the page was.

fn main() {
    let dist = "../../ui/dist";
    // Without it the path that the program keeps would not be found later, when the page is built; a source that is read-only stays so.
    if let Err(error) = std::fs::create_dir_all(dist) {
        println!("cargo::warning=no folder for the page ({dist}): {error}");
    }
    println!("cargo::rerun-if-changed={dist}");
}
