//! An open page's ear: the event stream of `/ui/live`, read as a browser reads it.

use super::browser::Browser;
use super::http::{Answer, connect, read_head, read_line};
use std::collections::VecDeque;
use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// A stream that was opened.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) head: Answer,
    from: BufReader<TcpStream>,
    text: String,
    waiting: VecDeque<String>,
}

impl Live {
    /// Opens the stream of a page that knows what was before `after`.
    pub(crate) fn open(browser: &Browser, at: SocketAddr, after: Option<&str>) -> Self {
        let target = match after {
            Some(after) => format!("/ui/live?after={after}"),
            None => "/ui/live".to_owned(),
        };
        let request = browser
            .request("GET", &target)
            .header("Accept-Encoding", "gzip");
        let mut stream = connect(at);
        stream.write_all(&request.bytes(&at.to_string())).unwrap();
        let mut from = BufReader::new(stream);
        let head = read_head(&mut from);
        let mut live = Self {
            head,
            from,
            text: String::new(),
            waiting: VecDeque::new(),
        };
        if live.head.status == 200 {
            // The first words: from then on everything is heard.
            assert_eq!(live.next().as_deref(), Some("retry: 1500"));
        }
        live
    }

    /// The next block of lines that is no heartbeat; `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<String> {
        loop {
            if let Some(block) = self.waiting.pop_front() {
                if block != ":" {
                    return Some(block);
                }
                continue;
            }
            let size = usize::from_str_radix(read_line(&mut self.from).trim(), 16).unwrap();
            let mut chunk = vec![0; size];
            self.from.read_exact(&mut chunk).unwrap();
            read_line(&mut self.from);
            if size == 0 {
                return None;
            }
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                self.waiting.push_back(block.to_owned());
                self.text = rest.to_owned();
            }
        }
    }

    /// The name of the next event.
    pub(crate) fn event(&mut self) -> Option<String> {
        let block = self.next()?;
        let name = block.lines().find_map(|line| line.strip_prefix("event: "));
        Some(name.unwrap_or(&block).to_owned())
    }
}

/// What a page says that it knows.
pub(crate) fn known(page: &Answer) -> String {
    let text = page.text();
    let rest = text.split_once("/ui/live?after=").unwrap().1;
    rest.split('"').next().unwrap().to_owned()
}
