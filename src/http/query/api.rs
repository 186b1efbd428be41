//! What sets one API of the Query protocol apart from another on the wire.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};

use super::answer::Format;
use super::cors;
use crate::audit::EventSource;
use crate::domain::RequestId;

/// The header that names a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-sts-extended-request-id");

/// An API of AWS's Query protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Api {
    /// The one version that there is of it.
    pub version: &'static str,
    /// The namespace of its answers.
    pub namespace: &'static str,
    /// Where its calls are recorded.
    pub source: EventSource,
    /// Whether pages of other origins may read its answers (decision 16).
    pub is_readable_by_pages: bool,
}

/// STS (API reference, version 2011-06-15).
pub const STS: Api = Api {
    version: "2011-06-15",
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    source: EventSource::Sts,
    is_readable_by_pages: true,
};

/// IAM (API reference, version 2010-05-08).
pub const IAM: Api = Api {
    version: "2010-05-08",
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    source: EventSource::Iam,
    is_readable_by_pages: false,
};

impl Api {
    /// The headers of every answer of the API.
    pub fn headers<'r>(
        &self,
        response: &'r mut HttpResponseBuilder,
        id: RequestId,
        format: Format,
    ) -> &'r mut HttpResponseBuilder {
        if self.is_readable_by_pages {
            cors::readable(response);
        }
        // A UUID is a value of a header.
        if let Ok(id) = HeaderValue::try_from(id.to_string()) {
            if *self == STS {
                response.insert_header((EXTENDED_REQUEST_ID, id.clone()));
            }
            response.insert_header((REQUEST_ID, id));
        }
        response
            .insert_header((
                CONTENT_TYPE,
                HeaderValue::from_static(format.content_type()),
            ))
            .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
    }
}
