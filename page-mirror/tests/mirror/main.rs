//! The mirror as a whole, without a browser.
#[cfg(test)]
mod around;
#[cfg(test)]
mod close;
#[cfg(test)]
mod document;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod masking;
#[cfg(test)]
mod page;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod pictures;
