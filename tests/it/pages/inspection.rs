//! The inspection that every page of these stories is put to.

use crate::support::chromium::Chromium;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_page_is_found() {
    let Some(browser) = Chromium::start().await else {
        return;
    };
    let page = "<title>x</title><header></header><p style='color:%23999;width:9000px'>pale</p>\
        <input name=a><a href=/b></a><button style='all:unset'>.</button><i id=c></i><i id=c></i>";
    browser.open(&format!("data:text/html,{page}")).await;
    let found = browser.wrong_here().await.to_string();
    for wrong in [
        " px wide",
        "no language",
        "its title is",
        "0 h1",
        "0 main",
        "id c stands twice",
        "no label",
        "no name",
        "too small",
        "contrast 2.8",
    ] {
        assert!(found.contains(wrong), "{wrong}: {found}");
    }
    browser.close().await;
}
